package postgres

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// A batch whose keys are remembered is decided first, and is written and committed in one
// round trip if the database finds that all of it was so: each statement fails where
// something has changed, and COMMIT, which is sent behind them, then rolls back. After
// that the batch takes the two round trips of any other.
//
// The order of the statements makes it as good as reading under the lock. The first locks
// the rows of all keys by writing them, in the versions that are remembered: where it has
// to wait for somebody, and the row has changed meanwhile, it does not write it. From then
// on nobody can change a key. The second has a snapshot of its own, so it sees all that was
// committed before the locks were had: changed keys, plans and tokens.

// errChanged says that something is not as it was remembered.
var errChanged = errors.New("what was remembered has changed")

// stateInvalidText is what a statement fails with that finds something changed.
const stateInvalidText = "22P02"

// heldSettingsSQL is settingsSQL for a batch that is remembered: it does not tell whether
// the server is durable and which it is, but fails unless it is durable, or need not be
// ($5), and the one that is remembered ($6).
var heldSettingsSQL = `
SELECT CASE WHEN ($5::boolean OR ` + durabilityColumns + ` = '') AND ` + lineageColumn + ` = $6::text THEN 0
            ELSE concat('another server than ', $6::text)::int END` + settingColumns

// addKnownSQL adds to rows whose periods run on, and to their days, which have rows, if they
// are in a version. Each row is locked before its day, in the order of keys, as everywhere.
// The primary keys serve it: meters are parameters, although there is but one, for with a
// constant PostgreSQL might read all rows of the meter while they are few, and keep that plan.
var addKnownSQL = addKnown(addCounts, "")

// addKnownRatesSQL is addKnownSQL for rows of which some have rates that moved.
var addKnownRatesSQL = addKnown(addCounts+`,
        second_rate_tat = d.second_rate_tat, second_rate_rest = d.second_rate_rest,
        minute_rate_tat = d.minute_rate_tat, minute_rate_rest = d.minute_rate_rest,
        second_rate_quantity = d.second_rate_quantity, second_rate_quantity_tat = d.second_rate_tat,
        minute_rate_quantity = d.minute_rate_quantity, minute_rate_quantity_tat = d.minute_rate_tat`,
	`,
                $8::timestamptz[], $9::bigint[], $10::timestamptz[], $11::bigint[], $12::bigint[], $13::bigint[]`,
	"second_rate_tat", "second_rate_rest", "minute_rate_tat", "minute_rate_rest", "second_rate_quantity", "minute_rate_quantity")

func addKnown(set, params string, columns ...string) string {
	names := ""
	for _, column := range columns {
		names += ", " + column
	}
	return `
WITH u AS (
    UPDATE key_usage k
    SET ` + set + `
    FROM unnest($1::uuid[], $2::text[], $3::xid[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::date[]` + params + `)
         AS d (api_key_id, meter, version, used, denied, last_request_at, date` + names + `)
    WHERE k.api_key_id = d.api_key_id AND k.meter = d.meter AND k.xmin = d.version
    RETURNING d.*
), h AS (
    UPDATE usage_days h
    SET used = h.used + u.used, denied = h.denied + u.denied, last_request_at = coalesce(u.last_request_at, h.last_request_at)
    FROM u
    WHERE h.api_key_id = u.api_key_id AND h.meter = u.meter AND h.date = u.date
    RETURNING 1
)
SELECT CASE WHEN count(*) = ` + rowsSent + ` THEN 0 ELSE (count(*) || ' rows are as they were remembered')::int END
FROM h`
}

// heldSQL fails unless it is no earlier than $1 and earlier than $2, keys ($3) and plans
// ($5) are in their versions, secrets ($7) end as remembered, the keys' overrides are in
// the versions $11, and tokens ($12) are valid. It tells ration_now(), the
// server's own clock, and the transaction. It looks for one row each, or PostgreSQL might
// read whole tables while they are small, and keep that plan. The primary keys and the
// unique index of digest serve it.
var heldSQL = `
WITH t AS MATERIALIZED (
    SELECT ration_now() AS now
), found AS MATERIALIZED (
    SELECT (SELECT count(*) FROM unnest($3::uuid[], $4::xid[]) AS d (id, version)
            CROSS JOIN LATERAL (SELECT FROM api_keys WHERE id = d.id AND xmin = d.version LIMIT 1) k) AS keys,
           (SELECT count(*) FROM unnest($5::text[], $6::text[]) AS d (name, version)
            CROSS JOIN LATERAL (
                SELECT FROM plans
                WHERE name = d.name AND d.version = ' ' || xmin::text || (SELECT ` + versionsBy("") + ` FROM plan_limits WHERE plan = d.name)
                LIMIT 1
            ) p) AS plans,
           (SELECT count(*) FROM unnest($7::uuid[], $8::uuid[], $9::timestamptz[], $10::timestamptz[]) AS d (api_key_id, secret_id, expires_at, revoked_at)
            CROSS JOIN LATERAL (
                SELECT FROM api_key_secrets s
                WHERE s.api_key_id = d.api_key_id AND s.secret_id = d.secret_id
                      AND s.expires_at IS NOT DISTINCT FROM d.expires_at AND s.revoked_at IS NOT DISTINCT FROM d.revoked_at
                LIMIT 1
            ) s) AS secrets,
           (SELECT ` + versionsBy("api_key_id, ") + ` FROM api_key_limits WHERE api_key_id = ANY($3::uuid[])) AS overrides,
           (SELECT count(*) FROM unnest($12::bytea[]) AS d (digest)
            CROSS JOIN LATERAL (
                SELECT FROM admin_tokens
                WHERE digest = d.digest AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > t.now)
                LIMIT 1
            ) a) AS tokens
    FROM t
)
SELECT CASE WHEN t.now >= $1 AND t.now < $2 AND found.keys = cardinality($3::uuid[]) AND found.plans = cardinality($5::text[])
                 AND found.secrets = cardinality($7::uuid[]) AND found.overrides = $11::text AND found.tokens = cardinality($12::bytea[]) THEN 0
            ELSE concat_ws(' ', t.now, found.keys, found.plans, found.secrets, found.overrides, found.tokens)::int END,
       t.now, clock_timestamp(), pg_current_xact_id()::xid
FROM t, found`

// versionsBy is a version of several rows: those of all. Nothing shorter would do, such as
// their sum: a transaction that began before another one may write after it, so versions
// don't only grow.
func versionsBy(order string) string {
	return `coalesce(string_agg(' ' || xmin::text, '' ORDER BY ` + order + `xmin::text COLLATE "C"), '')`
}

// versionOf is what versionsBy makes of the rows of a key or a plan.
func versionOf(rows []xid) string {
	if len(rows) == 0 {
		return ""
	}
	texts := make([]string, len(rows))
	for i, row := range rows {
		texts[i] = " " + strconv.FormatUint(uint64(row), 10)
	}
	slices.Sort(texts)
	return strings.Join(texts, "")
}

// transactRemembered decides a batch by what is remembered, and writes it in one round
// trip. The fault is errChanged where the batch has to take two.
func (l *lane) transactRemembered(p pipeline, b *work) ([]ration.Decision, *fault) {
	clock := l.estimate(b)
	until := b.openRemembered(clock)
	decisions := b.decide(clock)
	if b.shortOfReserved() || !l.writes.collectKnown(b) {
		return nil, &fault{stage: stageConnect, err: errChanged}
	}
	_, b.firstAttemptAt = b.clock.times(l.store.config.InstanceClock())
	l.askRemembered(p, b, clock.Now, until)
	if err := p.sync(); err != nil {
		return decisions, &fault{stage: stageCommit, err: err, unknown: true}
	}
	f := l.readRemembered(p, b)
	if f == nil {
		f = l.readCommit(p)
	} else {
		b.changed = f.changed()
	}
	if f != nil && !f.unknown {
		b.firstAttemptAt = time.Time{} // nothing of it is on its way, and the time was an estimate
	}
	return decisions, f
}

// estimate returns the time that a batch is decided at: certainly reached, and not before
// the last request of any of its keys.
func (l *lane) estimate(b *work) ledger.Clock {
	now, _ := b.clock.times(l.store.config.InstanceClock())
	for i := range b.keys {
		if last := b.keys[i].was.usage.LastRequestAt; last.After(now) {
			now = last
		}
	}
	return ledger.Clock{Now: now, Suspect: l.store.suspects(now)}
}

// openRemembered puts the accounts of all keys together. It returns when something ends
// that the decisions depend on.
func (b *work) openRemembered(clock ledger.Clock) (until time.Time) {
	for i := range b.keys {
		k := &b.keys[i]
		if end := k.was.until(clock.Now); until.IsZero() || end.Before(until) {
			until = end
		}
		k.exists, k.locked = true, true
		k.usage, k.rows = append(k.usage, k.was.usage), append(k.rows, k.was.row)
		k.account = ledger.NewAccount(k.was.policy, k.usage)
		if b.logging {
			k.account.Log()
		}
		k.account.Tell(b.tells)
	}
	for _, digest := range b.tokens.Digests() {
		b.tokens.Take(digest, time.Time{}, time.Time{}, clock.Now) // or heldSQL fails
	}
	return until
}

// askRemembered queues all statements.
func (l *lane) askRemembered(p pipeline, b *work, now, until time.Time) {
	w := l.writes
	p.send(stmtBegin)
	p.send(stmtHeldSettings, append(append([][]byte(nil), p.conn.settings...), boolParam(p.conn.accept), []byte(b.recalled))...)
	p.send(stmtBatchID, b.keys[0].id[:], b.id[:])
	add := stmtAddKnown
	if w.known.ratesMoved {
		add = stmtAddKnownRates
	}
	p.send(add, w.known.addParams()...)
	p.send(stmtHeld, append(append([][]byte{timeParam(now), timeParam(until)}, paramsOf(w.known.held[:])...),
		w.known.overrides, digestsParam(b.tokens.Digests()))...)
	l.written = w.send(p, now)
	p.send(stmtCommit)
}

// readRemembered reads all answers but that to COMMIT.
func (l *lane) readRemembered(p pipeline, b *work) *fault {
	answers := []struct {
		stage stage
		read  func() error
	}{
		{stageBegin, p.skip},
		{stageBegin, p.heldSettings},
		{stageBatchID, p.skip},
		{stageLock, p.skip},
		{stageLoad, func() error { return p.read(func(r *row) { l.readHeld(r, b) }) }},
	}
	for _, answer := range answers {
		if err := answer.read(); err != nil {
			return faultAt(answer.stage, err)
		}
	}
	return l.readWrites(p)
}

// heldSettings reads the answer to heldSettingsSQL.
func (p pipeline) heldSettings() error {
	err := p.skip()
	if refusesLineage(err) {
		_ = p.conn.lineage.heed(err) // so that nobody asks for it any more
		return errChanged
	}
	return err
}

// readHeld reads the row of heldSQL.
func (l *lane) readHeld(r *row, b *work) {
	r.skip(1)
	b.clock = estimate{now: r.time(), serverNow: r.time(), at: l.store.config.InstanceClock()}
	b.transaction = r.xid()
}

// faultAt is the fault of an error in the place of an answer, where COMMIT was sent, too.
func faultAt(at stage, err error) *fault {
	if provesRollback(err) || errors.Is(err, errChanged) {
		return &fault{stage: at, err: err}
	}
	return &fault{stage: stageCommit, err: err, unknown: true}
}

// changed makes the fault errChanged if it says that something has changed. It reports
// whether it does.
func (f *fault) changed() bool {
	if !f.unknown && sqlState(f.err) == stateInvalidText {
		f.err = errChanged
	}
	return errors.Is(f.err, errChanged)
}
