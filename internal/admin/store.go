package admin

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// Store is what administration needs of a database. Each change and its audit entry
// are made in one transaction, which holds the lock of the key, so that charges see
// the whole change or nothing of it. All methods are safe for concurrent use.
type Store interface {
	Keys
	KeyRequests
	Plans
	Meters
	Tokens
	Sessions
	Answers
	Jobs
	Usage
	Traffic
	AuditLog
	Events
	Webhooks
	RequestLog
	Fleet
	Maintenance
}

// Keys stores keys, their secrets and their overrides.
type Keys interface {
	// CreateKey calls create with the store's time. It writes the Key, NewSecrets and
	// Audit that create sets, and the key's usage row for requests. It returns the
	// key as stored. Errors: the error of create, unchanged; ErrNotFound for an
	// unknown plan; ErrExists if the id or a secret's digest is taken.
	CreateKey(ctx context.Context, create func(*KeyChange) error) (KeyRecord, error)

	// CreateKeys creates several keys, at most MaxKeysAtOnce, in one transaction, as
	// CreateKey creates one. It calls create with the numbers from 0, and with the
	// same time. It returns the keys as stored, in the order of their ids. With an
	// error, which may be one of CreateKey, no key is created. Create may be called
	// again for all keys.
	CreateKeys(ctx context.Context, count int, create func(number int, change *KeyChange) error) ([]KeyRecord, error)

	// ResolveDigests returns the secret that each digest belongs to, in the order of
	// the digests, and the zero SecretRef for an unknown one. See [ration.Store].
	ResolveDigests(ctx context.Context, digests []ration.Digest) ([]ration.SecretRef, error)

	// UpdateKey locks the key, calls update with its record, and writes what update
	// has changed: fields of the key, overrides, ends and revocations of secrets,
	// NewSecrets, and Audit. It returns the key as stored. If update returns
	// ErrUnchanged, nothing is written, not even an audit entry, and the key is
	// returned as it is. Errors: the error of update; ErrNotFound for an unknown key
	// or plan; ErrExists for a taken digest.
	UpdateKey(ctx context.Context, id ration.KeyID, update func(*KeyChange) error) (KeyRecord, error)

	// UpdateKeys updates several keys, at most MaxKeysAtOnce, in one transaction, as
	// UpdateKey updates one. It calls update for one key after the other, in the
	// order of [LockOrder], with the same time. It returns all keys as stored, in
	// that order. Keys for which update returns ErrUnchanged stay as they are. With
	// any other error, which may be one of UpdateKey, no key is changed. Update may
	// be called again for all keys.
	UpdateKeys(ctx context.Context, ids []ration.KeyID, update func(*KeyChange) error) ([]KeyRecord, error)

	// GiveNextPlans writes [GiveNextPlan] into the keys whose next plan began more than a
	// quarter of an hour ago, at most MaxKeysAtOnce of them, and returns how many.
	GiveNextPlans(ctx context.Context) (given int, err error)

	// KeysByID returns keys, at most MaxKeysAtOnce, each once and in the order of
	// their ids. Error: ErrNotFound if one of them doesn't exist.
	KeysByID(ctx context.Context, ids []ration.KeyID) ([]KeyRecord, error)

	// NamesOfKeys returns the names of keys, at most MaxKeysAtOnce. An unknown key has none.
	NamesOfKeys(ctx context.Context, ids []ration.KeyID) (map[ration.KeyID]string, error)

	// Key returns a key. Error: ErrNotFound.
	Key(ctx context.Context, id ration.KeyID) (KeyRecord, error)

	// ListKeys returns the next keys that match, in the order of the filter. It looks at
	// a bounded number of rows, whatever the filter and the size of the database. If the
	// filter has Unlimited, whatever it is, it returns keys that may have no limit, now
	// or later, and [Service] judges them. It leaves out revoked and rejected ones, and
	// those with a limit that nothing can lift without another change: a lasting one of
	// their own without a temporary one above it, or one of their plan for which they
	// have no override.
	ListKeys(ctx context.Context, filter KeyFilter) (FoundKeys, error)

	// WriteKeyWords writes the words of keys whose words are not those of their names and
	// owners, because a release that doesn't know words has written the key. It returns
	// how many; with an error, too. Such keys are found nevertheless.
	WriteKeyWords(ctx context.Context) (written int, err error)

	// CursorKey returns the 32 bytes with which the database hides positions.
	CursorKey(ctx context.Context) ([]byte, error)

	// CountKeys returns how many keys there are, and most where there are more.
	CountKeys(ctx context.Context, most int) (int, error)
}

// FoundKeys is a page of keys as a store has it.
type FoundKeys struct {
	KeysPage
	Now time.Time // the store's time
}

// Plans stores plans. A change of a plan's limits holds for every decision that
// starts after the change was committed.
type Plans interface {
	// CreatePlan calls create with the store's time and writes Plan and Audit. Error: ErrExists.
	CreatePlan(ctx context.Context, create func(*PlanChange) error) (ration.Plan, error)
	// UpdatePlan locks the plan, calls update and writes what update has changed, as
	// UpdateKey does. Error: ErrNotFound.
	UpdatePlan(ctx context.Context, name string, update func(*PlanChange) error) (ration.Plan, error)
	// DeletePlan deletes a plan that no key has. Errors: ErrNotFound; ErrConflict if a key has it.
	DeletePlan(ctx context.Context, name string, audit AuditEntry) error
	// ApplyPlans locks all plans, calls apply with them and the store's time, and
	// writes what apply sets, in one transaction. If apply returns ErrUnchanged,
	// nothing is written. Errors: the error of apply; ErrExists for a plan that
	// somebody else has created; ErrNotFound for one that somebody else has deleted;
	// ErrConflict if a key has a plan that is to be deleted.
	ApplyPlans(ctx context.Context, apply func(*PlansChange) error) error
	// Plan returns a plan. Error: ErrNotFound.
	Plan(ctx context.Context, name string) (ration.Plan, error)
	// ListPlans returns plans by name, in the order of bytes.
	ListPlans(ctx context.Context, filter NameFilter) ([]ration.Plan, error)
}

// Meters stores the units of meters.
type Meters interface {
	// SetMeter locks the meter, so that nothing begins to count on it, calls set with
	// it, and writes the unit and Audit that set has changed. If set returns
	// ErrUnchanged, nothing is written, and the meter is returned as it is. Charges
	// wait only if they are the first of their key on this meter.
	SetMeter(ctx context.Context, name string, set func(*MeterChange) error) (Meter, error)
	// ListMeters returns the meters that were given a unit, by name, in the order of
	// bytes.
	ListMeters(ctx context.Context, filter NameFilter) ([]Meter, error)
}

// Tokens stores service tokens.
type Tokens interface {
	// CreateToken writes a token and its audit entry; the store sets CreatedAt. Error: ErrExists if the name is taken by a token that is not revoked.
	CreateToken(ctx context.Context, token Token, digest ration.Digest, audit AuditEntry) (Token, error)
	// CreateFirstToken does what CreateToken does, and reports true, unless there is or
	// was a token with the scope admin: then it writes nothing and reports false. If
	// several do it at the same moment, the others may get ErrExists.
	CreateFirstToken(ctx context.Context, token Token, digest ration.Digest, audit AuditEntry) (bool, error)
	// RevokeToken revokes the token with a name; the store sets RevokedAt. At most
	// one token with a name is not revoked. Error: ErrNotFound if there is none.
	RevokeToken(ctx context.Context, name string, audit AuditEntry) (Token, error)
	// ListTokens returns tokens, including revoked ones, in the order of their creation
	// or of the bytes of their names, and of their ids where that is the same.
	ListTokens(ctx context.Context, filter TokenFilter) ([]Token, error)
	TokenChecks
}

// TokenUseInterval is how often the last use of a token is written at most.
const TokenUseInterval = time.Minute

// TokenChecks is what the check of tokens needs.
type TokenChecks interface {
	// TokensByDigest returns the tokens of digests, in the order of the digests, and
	// the zero Token for an unknown digest. It also returns the store's time, by
	// which the tokens' ends are judged.
	TokensByDigest(ctx context.Context, digests []ration.Digest) ([]Token, time.Time, error)
	// NoteTokenUse sets the last use of tokens to a time. It leaves tokens as they are
	// whose last use is less than TokenUseInterval earlier, and unknown ones.
	NoteTokenUse(ctx context.Context, ids []uuid.UUID, at time.Time) error
}

// Usage reads what was counted, and adds what another system has counted.
type Usage interface {
	// Standings looks at the next keys after one, at most look, in the order of their
	// ids, and returns the active ones with all that their limits depend on. All of it
	// is one state of the database. Charges don't wait for it.
	Standings(ctx context.Context, after ration.KeyID, look int) (Standings, error)
	// KeyUsage returns what a key has used on all its meters, requests first,
	// and the store's time. Error: ErrNotFound for an unknown key.
	KeyUsage(ctx context.Context, id ration.KeyID) (ledger.Usage, time.Time, error)
	// UsageOfKeys returns what each key has used on its meters, in no particular
	// order, and the store's time. An unknown key has no usage.
	UsageOfKeys(ctx context.Context, ids []ration.KeyID) (map[ration.KeyID]ledger.Usage, time.Time, error)
	// Reservations returns the reservations that match. See [ration.Store].
	Reservations(ctx context.Context, filter ration.ReservationFilter) ([]ration.Reservation, error)
	// OpenReservations counts the open reservations of all keys, and finds the oldest. Of
	// more than most it looks only at those that expire first.
	OpenReservations(ctx context.Context, most int) (OpenReservations, error)
	// ListReservations returns the reservations that match, in the order of their ids and
	// then those of their keys, the last first. It leaves out Fingerprint and Limits.
	ListReservations(ctx context.Context, filter ReservationFilter) ([]ration.Reservation, error)
	// UsageDays returns history rows ordered by date, key id and meter.
	UsageDays(ctx context.Context, filter UsageFilter) ([]UsageDay, error)
	// HistorySince returns the date from which on the history by day is complete: older
	// days were deleted. 0: from the beginning.
	HistorySince(ctx context.Context) (ration.PeriodID, error)
	// UsageHours returns what was counted by UTC hour, ordered by hour, key id and
	// meter. It leaves out hours in which nothing was counted, and those that were
	// deleted or never written: see SumHours.
	UsageHours(ctx context.Context, filter HourFilter) ([]UsageHour, error)
	// HistoryOfKeys returns what some keys used by day and by hour, and in all, as one state
	// of the database has it. Days and hours in which nothing was counted are left out.
	HistoryOfKeys(ctx context.Context, question HistoryQuestion) (KeysHistory, error)
	// ReportPause returns how long a long report pauses after a part that took so long
	// to read, so that decisions have most of what they share with it.
	ReportPause(took time.Duration) time.Duration
	// EndOfPart returns the last key of a part of a day's history that begins after a key.
	// The part has so many rows, and what more rows its last key has. The zero id: fewer
	// rows are left.
	EndOfPart(ctx context.Context, day ration.PeriodID, after ration.KeyID, rows int) (ration.KeyID, error)
	// SumUsage adds up history rows of the keys of a range by the question's groups and by
	// meter, in the order of [UsageReport].
	// The question's Zone does not matter.
	SumUsage(ctx context.Context, question UsageQuestion, keys KeyRange) (UsageReport, error)
	// SumHours calls ask with the store's time and the hour from which on hours are
	// complete (zero: they always were), and adds up what the answer selects, as
	// SumUsage does: a sum by day or month has the Date of its span. Error: that of ask,
	// which may be called again.
	SumHours(ctx context.Context, ask func(now, since time.Time) (HourQuestion, error)) (UsageReport, error)

	// RaiseUsage locks the keys of some days, at most MaxKeysAtOnce, in the order of
	// [LockOrder]. It calls raise for one key after the other, with what the key has
	// used, as read under the lock, and with the same time. If raise returns nil, it
	// writes what raise has set: Additions and Audit. If raise returns ErrUnchanged,
	// the key stays as it is. If it returns any other error, no key is changed. Raise
	// may be called again for all keys. Errors: ErrClockSuspect while the store's
	// clock is in doubt; ErrNotFound.
	RaiseUsage(ctx context.Context, days []DayKey, raise func(*UsageRaise) error) error

	// ResetUsage locks the key, calls reset with what limits it and what it has used,
	// and writes what reset has changed: of Usage the Resets and the rates that have
	// no state any more; and Audit. If reset returns ErrUnchanged or any other error, nothing is
	// changed. Reset may be called again. Error: ErrNotFound.
	ResetUsage(ctx context.Context, id ration.KeyID, reset func(*UsageReset) error) error
}

// OpenReservations is what is open at a moment.
type OpenReservations struct {
	Count  int64
	Oldest time.Time // when the oldest was made; zero: there is none
	Now    time.Time // the store's time
}

// KeyRange is keys that follow one another in the order of their ids. The zero KeyRange is
// all keys.
type KeyRange struct {
	After ration.KeyID // not included; zero: from the first on
	Last  ration.KeyID // included; zero: to the last
}

// Traffic counts answers.
type Traffic interface {
	// WriteTraffic raises counts of an hour to at least what they are given as. So a
	// write that is repeated, or that comes late, changes nothing.
	WriteTraffic(ctx context.Context, counts TrafficCounts) error
	// SumTraffic calls ask with the store's time, and adds up what the answer selects, as
	// SumHours does.
	SumTraffic(ctx context.Context, ask func(now time.Time) (TrafficHours, error)) (TrafficReport, error)
}

// Standings is one look at some keys.
type Standings struct {
	Now   time.Time // the store's time
	Keys  []Standing
	Plans map[string]ration.Plan // theirs; what is missing doesn't exist
	Last  ration.KeyID           // of the keys looked at; zero: there are no more
}

// Standing is a key with what it has used.
type Standing struct {
	KeyRecord // without its secrets
	Usage     ledger.Usage
}

// AuditLog reads who changed what.
type AuditLog interface {
	// ListAudit returns entries, newest first, and of one time those with the greater id
	// first.
	ListAudit(ctx context.Context, filter AuditFilter) ([]AuditEntry, error)
}

// NewSecret is a secret to be stored: its state and its digest.
type NewSecret struct {
	ration.SecretState
	Digest ration.Digest
}

// KeyChange is a key within a transaction.
type KeyChange struct {
	Now        time.Time  // the store's time
	Key        KeyRecord  // as read; to be changed in place
	Plans      PlanReader // as the transaction sees them
	Units      UnitReader
	NewSecrets []NewSecret // to be added
	Asking     AskingReader
	Asked      AskedChange // to be filled in
	Audit      AuditEntry  // to be filled in
}

// PlansChange is all plans within a transaction.
type PlansChange struct {
	Now                    time.Time                              // the store's time
	Plans                  []ration.Plan                          // as read, by name
	KeysOf                 func(plan string) (int, error)         // counts the keys that have a plan
	Meter                  func(name string) (MeterChange, error) // locks a meter and reads it
	Units                  UnitReader
	Meters                 []MeterChange // to be filled in; they are written first
	Create, Update, Delete []PlanChange  // to be filled in
}

// PlanChange is a plan within a transaction.
type PlanChange struct {
	Now   time.Time
	Plan  ration.Plan
	Units UnitReader
	Audit AuditEntry
}
