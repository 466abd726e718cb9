package rationadmin

import (
	"context"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
)

// Operations has all operations of administration. [New] makes them for a store.
// Every change names its actor, such as "billing": 1 to 206 characters, which the
// audit log keeps, together with the [Origin] that the context has. All methods are
// safe for concurrent use. The caller may change what they return.
//
// Errors, by errors.Is and errors.As: [ration.InvalidError] for input that can't be
// right, [ration.ErrNotFound], [ration.ErrExists], [ration.ErrConflict],
// [ration.ErrStoreUnavailable], and [ration.ErrOutcomeUnknown] if the database was
// lost in such a way that nobody knows whether the change was made. A change that
// returns any other error changed nothing.
type Operations interface {
	// CreateKey creates an active key with one secret. Error: ErrNotFound for an
	// unknown plan.
	CreateKey(ctx context.Context, actor string, key NewKey) (IssuedSecret, error)
	// ListKeys returns the next keys that match. [AllKeys] goes on until no key is left.
	ListKeys(ctx context.Context, filter KeyFilter) (KeysPage, error)
	// ShowKey returns a key with its limits and what remains of them. For a key that
	// may not be used, it is what would remain. Error: ErrNotFound.
	ShowKey(ctx context.Context, id ration.KeyID) (KeyStatus, error)
	// CountUnlimited counts the keys that match and have no limit, now or when a
	// temporary limit ends. If the filter's Unlimited is zero, it is taken as
	// [UnlimitedAny]. The filter's Limit is ignored.
	CountUnlimited(ctx context.Context, filter KeyFilter) (UnlimitedKeys, error)
	// UpdateKey changes a key. A patch that changes nothing writes nothing. Errors:
	// ErrNotFound for an unknown key or plan.
	UpdateKey(ctx context.Context, actor string, patch KeyPatch) (KeyRecord, error)
	// DisableKey refuses the key's charges until it is enabled again. Errors:
	// ErrNotFound; ErrConflict for a key that was revoked or rejected.
	DisableKey(ctx context.Context, actor string, id ration.KeyID) (KeyRecord, error)
	// EnableKey undoes DisableKey. Its errors are the same.
	EnableKey(ctx context.Context, actor string, id ration.KeyID) (KeyRecord, error)
	// RevokeKey ends a key for good; its history stays. Error: ErrNotFound.
	RevokeKey(ctx context.Context, actor string, id ration.KeyID) (KeyRecord, error)

	// ResetKey begins what limits of a key count anew: the current period of a quota at
	// 0, and the bucket of a rate full. The history and the totals stay. What was
	// charged before, and is settled, voided or refunded later, doesn't change the new
	// count. Errors: ErrNotFound; ErrConflict for a key without limits, and for one
	// that is revoked or rejected.
	ResetKey(ctx context.Context, actor string, reset KeyReset) (KeyResetDone, error)

	// RotateKey makes a new secret. After the overlap, it ends the secrets with the
	// same label that are still valid. Errors: ErrNotFound; ErrConflict for a key
	// that is revoked or rejected.
	RotateKey(ctx context.Context, actor string, rotation Rotation) (IssuedSecret, error)
	// AddSecret gives a key a further secret. All secrets of a key share its limits
	// and its usage. Errors: ErrNotFound; ErrExists if a secret in use has the label;
	// ErrConflict for a key that is revoked or rejected, or has as many secrets as a
	// key can have.
	AddSecret(ctx context.Context, actor string, secret NewKeySecret) (IssuedSecret, error)
	// RevokeSecret ends one secret of a key at once. Error: ErrNotFound.
	RevokeSecret(ctx context.Context, actor string, secret KeySecret) (KeyRecord, error)

	// ListKeyRequests returns the requests for keys that match, the newest first.
	ListKeyRequests(ctx context.Context, filter KeyRequestFilter) ([]KeyRequest, error)
	// ShowKeyRequest returns the request that a key was made for. Error: ErrNotFound.
	ShowKeyRequest(ctx context.Context, id ration.KeyID) (KeyRequest, error)
	// ApproveKey gives a key that was asked for a plan and an owner, and makes it active:
	// then the asker can pick it up. Errors: ErrNotFound for an unknown key or plan;
	// ErrConflict, which says who decided when, if the key is not pending any more.
	ApproveKey(ctx context.Context, actor string, approval KeyApproval) (KeyRecord, error)
	// RejectKey refuses a key that was asked for, for good. Errors: ErrNotFound;
	// ErrConflict as of ApproveKey.
	RejectKey(ctx context.Context, actor string, rejection KeyRejection) (KeyRecord, error)
	// CreatePickup makes a link with which somebody picks up a further secret of an active
	// key, once. Errors: ErrNotFound; ErrExists if a secret in use has the label;
	// ErrConflict for a key that is not active, or has as many secrets as a key can have.
	CreatePickup(ctx context.Context, actor string, pickup NewPickup) (IssuedPickup, error)

	// ChangeKeys changes the next chunk of keys that match, in one transaction, with
	// one audit entry per key. It skips and counts keys whose status doesn't allow
	// the action. [ChangeAllKeys] goes on until no key is left. Error: ErrNotFound
	// for an unknown plan.
	ChangeKeys(ctx context.Context, actor string, change KeysChange) (KeysChanged, error)

	// ImportKeys creates keys that keep their present secrets, in one transaction. It
	// leaves keys alone whose secret is already known, so an import that was
	// interrupted can be repeated. Errors: ErrNotFound for an unknown plan; ErrExists
	// if somebody else created a key with one of the secrets at the same moment.
	ImportKeys(ctx context.Context, actor string, keys KeysImport) (KeysImported, error)
	// FindKeys returns the keys that secrets belong to, in the order of the secrets,
	// and the zero id for an unknown secret. It takes at most [MaxKeysAtOnce]
	// secrets.
	FindKeys(ctx context.Context, secrets []ration.Secret) ([]ration.KeyID, error)
	// ImportUsage raises the usage of keys on some days to at least what was counted
	// elsewhere, in one transaction. Errors: ErrNotFound for an unknown key;
	// ErrClockSuspect while the clock is in doubt.
	ImportUsage(ctx context.Context, actor string, usage UsageImport) (UsageImported, error)

	// StartJob keeps a change of keys or an import as a job, which servers (ration serve)
	// on the database do in the background; a Go program that embeds Ration does none. The job may do what the caller may do now; if the
	// service token is revoked, it is cancelled. What can't be right is an error here, and
	// what stands against a key or a row later is a problem of the job. Errors:
	// ErrNotFound for an unknown plan of a change; ErrConflict if 10 jobs of the
	// caller, or 100 in all, have not finished.
	StartJob(ctx context.Context, actor string, job NewJob) (Job, error)
	// ShowJob returns a job. It is kept for 30 days after it has finished. Error:
	// ErrNotFound.
	ShowJob(ctx context.Context, id uuid.UUID) (Job, error)
	// ListJobs returns the jobs that match, the newest first, without their problems.
	ListJobs(ctx context.Context, filter JobFilter) ([]Job, error)
	// CancelJob cancels a job that has not finished: when it has returned, the job
	// changes nothing any more, and what it did stays. Error: ErrNotFound.
	CancelJob(ctx context.Context, actor string, id uuid.UUID) (Job, error)

	// SetMeter gives a meter its unit, in which everything on it is counted from then
	// on. It changes nothing if the meter has this unit already. Error: ErrConflict if
	// something counts on the meter in another unit: a key was charged on it, or a
	// plan or a key has a limit on it.
	SetMeter(ctx context.Context, actor string, meter MeterUnit) (Meter, error)
	// ListMeters returns the meters that were given a unit, by name.
	ListMeters(ctx context.Context, filter NameFilter) ([]Meter, error)

	// CreatePlan creates a plan. Error: ErrExists.
	CreatePlan(ctx context.Context, actor string, plan NewPlan) (ration.Plan, error)
	// ListPlans returns plans by name.
	ListPlans(ctx context.Context, filter NameFilter) ([]ration.Plan, error)
	// ShowPlan returns a plan. Error: ErrNotFound.
	ShowPlan(ctx context.Context, name string) (ration.Plan, error)
	// UpdatePlan changes a plan. The change holds for every decision that starts
	// after UpdatePlan has returned. Error: ErrNotFound.
	UpdatePlan(ctx context.Context, actor string, patch PlanPatch) (ration.Plan, error)
	// PreviewPlan says what a plan would have refused lately if it had been as a patch
	// would make it. It changes nothing. Errors: ErrNotFound; ErrChanged, and
	// [ration.InvalidError] for a patch that UpdatePlan would refuse, and of field "from" for
	// days of which the history is not complete.
	PreviewPlan(ctx context.Context, preview PlanPreview) (PlanPreviewed, error)
	// ApplyPlans makes plans what they are to be, and gives meters their units, all in
	// one transaction, and says what became of each: first of the plans that were
	// given, then of those that were deleted. Applied again, it changes nothing.
	// Errors: ErrConflict if a key has a plan that would be deleted, if something
	// counts on a meter that would get another unit, or if somebody else changed the
	// same plans.
	ApplyPlans(ctx context.Context, actor string, apply PlansApply) (PlansApplied, error)
	// DeletePlan deletes a plan. Errors: ErrNotFound; ErrConflict if a key has the
	// plan.
	DeletePlan(ctx context.Context, actor string, name string) error

	// CreateToken creates a service token. Error: ErrExists if a token in use has the
	// name.
	CreateToken(ctx context.Context, actor string, token NewToken) (IssuedToken, error)
	// ListTokens returns tokens, including revoked ones, in the order of their creation
	// unless the filter says otherwise.
	ListTokens(ctx context.Context, filter TokenFilter) ([]Token, error)
	// RevokeToken revokes the token with a name. Error: ErrNotFound if no token in
	// use has the name.
	RevokeToken(ctx context.Context, actor string, name string) (Token, error)

	// CreateLoginLink creates a link that logs somebody in once, in a browser. With a
	// service token, its session holds no more than the token, and is over when the token
	// is. Error: ErrNotFound for an unknown plan.
	CreateLoginLink(ctx context.Context, actor string, link NewLoginLink) (IssuedLoginLink, error)
	// ListSessions returns the sessions that match, the newest first.
	ListSessions(ctx context.Context, filter SessionFilter) ([]Session, error)
	// EndSession ends a session: when it has returned, the session is no longer accepted.
	// One that is over stays as it is. Error: ErrNotFound.
	EndSession(ctx context.Context, actor string, id uuid.UUID) (Session, error)

	// ListReservations returns the reservations that match, the newest first.
	ListReservations(ctx context.Context, filter ReservationFilter) ([]ration.Reservation, error)
	// UsageDays returns what was used per key, meter and local day, ordered by date.
	// A key's days are those of its own time zone.
	// Old days are deleted: those from before the history is complete are refused, with
	// [ration.InvalidError] of field "from" or "to", and left out if there is no From.
	UsageDays(ctx context.Context, filter UsageFilter) ([]UsageDay, error)
	// SumUsage adds up what UsageDays returns, by key, owner, plan, day or month or
	// several of them, and by meter. Usage of revoked keys counts. In a zone it adds
	// up UTC hours. Without From it then begins with the first day of which all hours
	// are known, at most 400 days ago. Errors: [ration.InvalidError] of field "from" if
	// hours of the first days are not known, those of UsageDays, and of field "zone" if a day does not
	// begin on a full UTC hour. Sums of all keys that are neither by key nor by owner are
	// read day by day, with pauses, so the days aren't those of one instant.
	SumUsage(ctx context.Context, question UsageQuestion) (UsageReport, error)
	// Traffic adds up the answers that servers gave to requests that ask for a
	// decision, by hour, day or month, way in and code, or several of them. They are
	// counts to look at: a server that is killed loses its last seconds of them. Errors:
	// [ration.InvalidError] of field "from" for more than 400 days, of field "zone" if a
	// day does not begin on a full UTC hour, and of fields "to" and "group_by".
	Traffic(ctx context.Context, question TrafficQuestion) (TrafficReport, error)
	// Summary says which keys used most today, and which are nearest to a limit. It is
	// made in the background, about every 30 seconds while somebody asks for it, and at
	// longer intervals where there are very many keys. Error: [ErrSummaryBeingMade] if
	// there is none yet.
	Summary(ctx context.Context, question SummaryQuestion) (Summary, error)
	// ListAudit returns the audit log, newest entries first.
	ListAudit(ctx context.Context, filter AuditFilter) ([]AuditEntry, error)
	// ListEvents returns the next events of the feed, in its order. Errors: ErrConflict if
	// the feed ends before the place after which it is asked to begin, as after a restore;
	// [ration.InvalidError] of field "after" if events after it were deleted.
	ListEvents(ctx context.Context, filter EventFilter) (EventsPage, error)

	// CreateWebhook creates a webhook, to which what is published from then on is sent. Its
	// secret is shown once. Error: ErrConflict if there are [MaxWebhooks].
	CreateWebhook(ctx context.Context, actor string, webhook NewWebhook) (IssuedWebhook, error)
	// ListWebhooks returns all webhooks, in the order of their creation, with what waits for
	// them.
	ListWebhooks(ctx context.Context) ([]WebhookStatus, error)
	// ShowWebhook returns a webhook. Error: ErrNotFound.
	ShowWebhook(ctx context.Context, id uuid.UUID) (WebhookStatus, error)
	// UpdateWebhook changes a webhook. Once a webhook is enabled again, what waits for it is
	// sent; other types hold for what is published later. Error: ErrNotFound.
	UpdateWebhook(ctx context.Context, actor string, patch WebhookPatch) (Webhook, error)
	// RotateWebhookSecret gives a webhook a new secret, which is shown once. The one that it
	// had signs too for [PreviousSecretValid], but not if it is replaced again. Error:
	// ErrNotFound.
	RotateWebhookSecret(ctx context.Context, actor string, id uuid.UUID) (IssuedWebhook, error)
	// DeleteWebhook deletes a webhook, and what waits for it. Error: ErrNotFound.
	DeleteWebhook(ctx context.Context, actor string, id uuid.UUID) error
	// ListDeliveries returns the deliveries that match, those of the latest events first.
	// Deliveries are kept as long as their events.
	ListDeliveries(ctx context.Context, filter DeliveryFilter) ([]Delivery, error)
	// ReplayDelivery sends an event to a webhook again, at once, beside what waits of its
	// key. One that waits for its next attempt is sent now. Errors: ErrNotFound; ErrConflict
	// if it waits for an earlier event, is being sent, or the webhook is disabled.
	ReplayDelivery(ctx context.Context, actor string, id DeliveryID) (Delivery, error)
	// ReplayDead sends the oldest dead deliveries of a webhook again, at most [MaxReplayed],
	// and returns how many. Errors: ErrNotFound; ErrConflict if the webhook is disabled.
	ReplayDead(ctx context.Context, actor string, webhook uuid.UUID) (int, error)

	// ExplainKey says how each limit of a key would decide a charge, and why. It
	// charges nothing. Error: ErrNotFound.
	ExplainKey(ctx context.Context, question ExplainQuestion) (Explanation, error)
	// Reconcile adds up the request log of keys and compares the sums with the
	// counts. It changes nothing.
	Reconcile(ctx context.Context, filter ReconcileFilter) (Reconciliation, error)

	// System says what answers: the instance, and its database.
	System(ctx context.Context) (System, error)
	// ListInstances says which instances serve on the database, by name: those that run,
	// and those that ended in the last day without stopping in order.
	ListInstances(ctx context.Context) (Instances, error)
	// Diagnose makes all checks of the database. Each check results in a finding,
	// even if all is well. An error means that a check could not be made.
	Diagnose(ctx context.Context, options DiagnoseOptions) ([]Finding, error)
	// RepairUsage corrects the usage of keys that were charged while the clock was
	// ahead. Each call takes the next keys after one; begin with the zero id. Error:
	// ErrClockSuspect while the clock is in doubt.
	RepairUsage(ctx context.Context, actor string, after ration.KeyID) (UsageRepaired, error)
	// Backup writes a copy of the database, as it is at one instant, to a new file.
	// The file is on the machine that has the database open, and its path is
	// absolute. Errors: [ErrNoBackup], and those of the file system.
	Backup(ctx context.Context, path string) error
}
