package postgres

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/storedjson"
)

// What charges refer to of earlier ones is read behind the lock, in the same
// round trip and only where a batch has such charges: others send what they would
// send if there were none.

// otherMetersSQL reads all meters but requests of keys that are locked: which ones
// a reservation or a receipt names is not known before. The primary key serves it.
const otherMetersSQL = `
SELECT ` + usageColumns + `, xmin
FROM key_usage
WHERE api_key_id = ANY($1::uuid[]) AND meter <> '` + ration.MeterRequests + `'`

// The pairs are joined, for two lists would make PostgreSQL look for every
// combination. The primary keys serve them.
const (
	namedReservationsSQL = `
SELECT r.api_key_id, r.id, r.state, r.at_expiry, r.held, r.settled, r.created_at, r.expires_at, r.ended_at, r.late_at, r.fingerprint, r.limits
FROM unnest($1::uuid[], $2::uuid[]) AS d (api_key_id, id)
JOIN reservations r ON r.api_key_id = d.api_key_id AND r.id = d.id`

	replaysSQL = `
SELECT i.api_key_id, i.key, i.fingerprint, i.created_at, i.answer
FROM unnest($1::uuid[], $2::text[]) AS d (api_key_id, key)
JOIN idempotency_keys i ON i.api_key_id = d.api_key_id AND i.key = d.key`

	// refundsSQL looks for one row per pair, or PostgreSQL might read the whole
	// history of the meter while it is short, and keep that plan.
	refundsSQL = `
SELECT d.api_key_id, d.date, u.refunds
FROM unnest($1::uuid[], $2::date[]) AS d (api_key_id, date)
CROSS JOIN LATERAL (
    SELECT refunds
    FROM usage_days
    WHERE api_key_id = d.api_key_id AND meter = '` + ration.MeterRequests + `' AND date = d.date
    LIMIT 1
) u`

	// refundedSQL looks for one row each, for the same reason.
	refundedSQL = `
SELECT d.api_key_id, d.meter, d.period, d.label, r.units
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[]) AS d (api_key_id, meter, period, label)
CROSS JOIN LATERAL (
    SELECT units
    FROM refunds
    WHERE api_key_id = d.api_key_id AND meter = d.meter AND period = d.period AND label = d.label
    LIMIT 1
) r`
)

// inOrderSQL makes the next statement of the transaction read rows in the order in
// which it wants them. Else PostgreSQL might sort all reservations that a key has
// ever had while they are few, and keep that plan.
const inOrderSQL = `SELECT set_config('enable_sort', 'off', true)`

// openSQL reads the open reservations of keys that are locked, in the order of their
// expiry: those that are due, so many of each (a key that has more of them due is
// denied until the sweep has caught up), and the next that will be. The index
// reservations_key_due serves it.
const openSQL = `
SELECT r.*
FROM unnest($1::uuid[]) AS d (api_key_id)
CROSS JOIN LATERAL (
    (
        SELECT ` + reservationColumns + `
        FROM reservations
        WHERE api_key_id = d.api_key_id AND state = 'open' AND expires_at <= $2
        ORDER BY expires_at
        LIMIT 10000
    ) UNION ALL (
        SELECT ` + reservationColumns + `
        FROM reservations
        WHERE api_key_id = d.api_key_id AND state = 'open' AND expires_at > $2
        ORDER BY expires_at
        LIMIT $3
    )
) r`

// keyPrior is what items of a key refer to, each once, and what was read of it.
type keyPrior struct {
	reservations []ration.ReservationID
	replays      []string
	refunds      []ration.PeriodID
	refundedIn   []ledger.RefundPeriod
	otherMeters  bool // all of the key's: an item ends a reservation or gives one back
	read         ledger.Prior
}

// noteReference takes in what an item refers to.
func (b *work) noteReference(k *keyWork, item *ration.Item) {
	reference, refers := ledger.ReferenceOf(item)
	if !refers {
		return
	}
	b.refers = true
	if k.prior == nil {
		k.prior = &keyPrior{}
	}
	p := k.prior
	p.otherMeters = p.otherMeters || item.Charge == nil
	if !reference.Reservation.IsZero() {
		p.reservations = append(p.reservations, reference.Reservation)
	}
	if reference.IdempotencyKey != "" {
		p.replays = append(p.replays, reference.IdempotencyKey)
	}
	if reference.RefundsOf != nil {
		p.refunds = append(p.refunds, *reference.RefundsOf)
	}
	p.refundedIn = append(p.refundedIn, reference.RefundedIn...)
}

// compactReferences leaves one of those that several charges have: a reservation
// that was read twice would expire twice.
func (b *work) compactReferences() {
	for i := range b.keys {
		if p := b.keys[i].prior; p != nil {
			slices.SortFunc(p.reservations, func(a, b ration.ReservationID) int { return bytes.Compare(a[:], b[:]) })
			slices.Sort(p.replays)
			slices.Sort(p.refunds)
			slices.SortFunc(p.refundedIn, compareRefundPeriods)
			p.reservations, p.replays = slices.Compact(p.reservations), slices.Compact(p.replays)
			p.refunds, p.refundedIn = slices.Compact(p.refunds), slices.Compact(p.refundedIn)
		}
	}
}

func compareRefundPeriods(a, b ledger.RefundPeriod) int {
	return cmp.Or(cmp.Compare(a.Meter, b.Meter), cmp.Compare(a.Period, b.Period), cmp.Compare(a.ID, b.ID))
}

func (b *work) takeReservation(r *row) {
	reservation := r.reservation()
	if k := b.key(reservation.KeyID); k != nil {
		k.prior.read.Reservations = append(k.prior.read.Reservations, reservation)
	}
}

func (b *work) takeReplay(r *row) {
	id := ration.KeyID(r.uuid())
	replay := ledger.Replay{Key: r.text(), Fingerprint: r.digest(), CreatedAt: r.time()}
	if err := storedjson.ReadAnswer(r.json(), id, &replay); err != nil && r.err == nil {
		r.err = err
	}
	if k := b.key(id); k != nil {
		k.prior.read.Replays = append(k.prior.read.Replays, replay)
	}
}

func (b *work) takeRefunds(r *row) {
	if k := b.key(r.uuid()); k != nil {
		k.prior.read.Refunds = append(k.prior.read.Refunds, ledger.DayRefunds{Date: r.date(), Count: r.int()})
	}
}

func (b *work) takeRefunded(r *row) {
	if k := b.key(r.uuid()); k != nil {
		k.prior.read.Refunded = append(k.prior.read.Refunded, r.periodRefunds())
	}
}

// periodRefunds reads meter, period, label and units.
func (r *row) periodRefunds() ledger.PeriodRefunds {
	period := ledger.RefundPeriod{Meter: r.meter(), Period: ration.Period(r.text()), ID: ration.PeriodID(r.int())}
	return ledger.PeriodRefunds{RefundPeriod: period, Units: r.int()}
}

// reading is a statement that is sent for those that have something to ask, and
// what takes its answer in.
type reading struct {
	statement statement
	arrays    []array
	take      func(*work, *row)
}

// newReadings returns those for what charges refer to, with room for parameters.
func newReadings() []reading {
	return []reading{
		{stmtOtherMeters, []array{newUUIDs()}, (*work).takeUsage},
		{stmtNamedReservations, []array{newUUIDs(), newUUIDs()}, (*work).takeReservation},
		{stmtReplays, []array{newUUIDs(), newTexts()}, (*work).takeReplay},
		{stmtRefunds, []array{newUUIDs(), newDates()}, (*work).takeRefunds},
		{stmtRefunded, []array{newUUIDs(), newTexts(), newTexts(), newInts()}, (*work).takeRefunded},
	}
}

// fillReadings sets their parameters.
func (l *lane) fillReadings(b *work) {
	for _, r := range l.readings {
		for i := range r.arrays {
			r.arrays[i].reset()
		}
	}
	meters, reservations, replays := l.readings[0].arrays, l.readings[1].arrays, l.readings[2].arrays
	refunds, refunded := l.readings[3].arrays, l.readings[4].arrays
	for i := range b.keys {
		k := &b.keys[i]
		if k.prior == nil {
			continue
		}
		if k.prior.otherMeters {
			meters[0].addUUID(k.id)
		}
		for _, id := range k.prior.reservations {
			reservations[0].addUUID(k.id)
			reservations[1].addUUID(id)
		}
		for _, key := range k.prior.replays {
			replays[0].addUUID(k.id)
			replays[1].addText(key)
		}
		for _, day := range k.prior.refunds {
			refunds[0].addUUID(k.id)
			refunds[1].addDate(day)
		}
		for _, period := range k.prior.refundedIn {
			addRefundPeriod(refunded, k.id, period)
		}
	}
}

// askReadings queues those that have something to ask.
func (l *lane) askReadings(p pipeline) {
	for _, r := range l.readings {
		if r.arrays[0].length > 0 {
			p.send(r.statement, paramsOf(r.arrays)...)
		}
	}
}

// readReadings reads their answers.
func (l *lane) readReadings(p pipeline, b *work) error {
	for _, r := range l.readings {
		if r.arrays[0].length == 0 {
			continue
		}
		if err := p.read(func(row *row) { r.take(b, row) }); err != nil {
			return err
		}
	}
	return nil
}

// reopen reads the open reservations of those keys whose charges were denied for what
// is reserved, in a round trip of its own. All accounts then begin anew, so that all
// charges have to be decided again.
func (l *lane) reopen(p pipeline, b *work, read *loaded, clock ledger.Clock) error {
	keys, shortages := newUUIDs(), make(map[ration.KeyID]ledger.Shortage)
	for i := range b.keys {
		if k := &b.keys[i]; k.account != nil && k.account.Shortage() != ledger.NotShort {
			keys.addUUID(k.id)
			shortages[k.id] = k.account.Shortage()
		}
	}
	p.send(stmtInOrder)
	p.send(stmtOpen, keys.param(), timeParam(clock.Now), int64Param(ledger.HeldAtMost))
	p.send(stmtOtherMeters, keys.param())
	if err := p.sync(); err != nil {
		return err
	}
	opened := make(map[ration.KeyID][]ration.Reservation)
	_, err := p.run()
	if err == nil {
		err = p.read(func(r *row) {
			reservation := r.reservation()
			opened[reservation.KeyID] = append(opened[reservation.KeyID], reservation)
		})
	}
	if err == nil {
		err = p.read(b.takeUnreadUsage)
	}
	if err == nil {
		err = p.synced()
	}
	if err != nil {
		return err
	}
	if err := b.open(read, clock); err != nil {
		return err
	}
	for i := range b.keys {
		if k := &b.keys[i]; k.account != nil {
			k.account = k.account.WithOpen(opened[k.id], clock.Now, shortages[k.id])
		}
	}
	return nil
}

// shortOfReserved reports whether open reservations have to be read.
func (b *work) shortOfReserved() bool {
	for i := range b.keys {
		if k := &b.keys[i]; k.account != nil && k.account.Shortage() != ledger.NotShort {
			return true
		}
	}
	return false
}
