package postgres

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// limitsBeneath are the lasting limits b that are beneath a temporary one.
const limitsBeneath = `api_key_limits_beneath b JOIN api_key_limits t
	ON t.api_key_id = b.api_key_id AND t.meter = b.meter AND t.kind = b.kind AND t.period = b.period AND t.expires_at IS NOT NULL`

// loadSQL reads the time and all that decisions depend on but usage, after the
// lock and in one snapshot. The parts of the answer share columns:
//
//	t  at1 ration_now(), at2 the server's own clock; version: the transaction
//	k  a key: name, owner, plan, status, time zone, expiry, change, scopes, allowed IPs; the row's xmin
//	p  a plan and one of its limits, if any: plan, time zone, meter, kind, period, limit's name, quantity, burst, plan's change, when a scheduled limit was changed; xmin of the plan, of the limit
//	o  an override: meter, kind, period, name, quantity, plan, burst, unlimited, expiry, start; xmin; or the plan that a key will have; also the lasting one beneath a temporary one
//	l  a slot that a lease holds: lease id, meter, expiry
//	s  a secret that was sent: secret id, expiry, revocation, last use
//
// A row of api_key_limits_beneath counts only beneath a temporary limit: a release
// that does not know the table may have put a lasting one above it, or none.
//
// A plan is read once, however many keys have it. The primary keys of the
// tables serve it; secrets are found pair by pair, for a key may have many.
const loadSQL = `
WITH k AS MATERIALIZED (
    SELECT id, name, owner, plan, status, time_zone, expires_at, updated_at, scopes, allowed_ips, xmin AS version
    FROM api_keys
    WHERE id = ANY($1::uuid[])
), o AS MATERIALIZED (
    SELECT api_key_id, plan, meter, kind, period, name, quantity, burst, unlimited, expires_at, starts_at, xmin AS version
    FROM api_key_limits
    WHERE api_key_id = ANY($1::uuid[])
)
SELECT 't'::"char", NULL::uuid, NULL::uuid, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text,
       NULL::bigint, NULL::bigint, NULL::boolean, ration_now(), clock_timestamp(), NULL::timestamptz, NULL::text[], NULL::text[], pg_current_xact_id_if_assigned()::xid, NULL::xid
UNION ALL
SELECT 'k', id, NULL, name, owner, plan, status, time_zone, NULL, NULL, NULL, NULL, expires_at, updated_at, NULL, scopes, allowed_ips, version, NULL
FROM k
UNION ALL
SELECT 'p', NULL, NULL, p.name, p.time_zone, l.meter, l.kind, l.period, l.name, l.quantity, l.burst, NULL, p.updated_at, l.since, NULL, NULL, NULL, p.xmin, l.xmin
FROM plans p LEFT JOIN plan_limits l ON l.plan = p.name
WHERE p.name = ANY(ARRAY(SELECT plan FROM k WHERE plan IS NOT NULL UNION SELECT plan FROM o WHERE plan IS NOT NULL))
UNION ALL
SELECT 'o', api_key_id, NULL, plan, NULL, meter, kind, period, name, quantity, burst, unlimited, expires_at, starts_at, NULL, NULL, NULL, version, NULL
FROM o
UNION ALL
SELECT 'o', b.api_key_id, NULL, NULL, NULL, b.meter, b.kind, b.period, b.name, b.quantity, b.burst, b.unlimited, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM ` + limitsBeneath + `
WHERE b.api_key_id = ANY($1::uuid[])
UNION ALL
SELECT 'l', api_key_id, id, meter, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, expires_at, NULL, NULL, NULL, NULL, NULL, NULL
FROM leases
WHERE api_key_id = ANY($1::uuid[])
UNION ALL
SELECT 's', s.api_key_id, s.secret_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, s.expires_at, s.revoked_at, s.last_used_at, NULL, NULL, NULL, NULL
FROM unnest($2::uuid[], $3::uuid[]) AS sent (api_key_id, secret_id)
JOIN api_key_secrets s ON s.api_key_id = sent.api_key_id AND s.secret_id = sent.secret_id`

// loaded is what loadSQL read.
type loaded struct {
	now       time.Time // ration_now()
	serverNow time.Time // the server's own clock, which tests don't replace
	plans     map[string]*ration.Plan

	planRows     map[string][]xid  // versions of the rows of plans: their own, then those of their limits
	planVersions map[string]string // the same as texts, once a key has asked
	transaction  xid               // its id, as rows have it that it writes; 0: it has none yet
}

// read takes in a row of loadSQL. Keys of which nothing was asked are left out.
func (l *loaded) read(r *row, b *work) {
	switch part := r.char(); part {
	case 't':
		r.skip(11)
		l.now, l.serverNow = r.time(), r.time()
		r.skip(3)
		l.transaction = r.xid()
	case 'k':
		if k := b.key(r.uuid()); k != nil {
			k.readKey(r)
		}
	case 'p':
		l.readPlan(r)
	case 'o':
		if k := b.key(r.uuid()); k != nil {
			k.readOverride(r)
		}
	case 'l':
		if k := b.key(r.uuid()); k != nil {
			k.leases = append(k.leases, r.slotLease())
		}
	case 's':
		if k := b.key(r.uuid()); k != nil {
			k.secrets = append(k.secrets, r.secret())
		}
	default:
		r.err = errColumn
	}
}

func (k *keyWork) readKey(r *row) {
	k.exists = true
	k.policy.ID = k.id
	r.skip(1)
	k.policy.Name, k.policy.Owner, k.policy.Plan = r.text(), r.text(), r.text()
	k.policy.Status, k.policy.TimeZone = r.status(), r.text()
	r.skip(4)
	k.policy.ExpiresAt, k.policy.UpdatedAt = r.time(), r.time()
	r.skip(1)
	k.policy.Scopes, k.policy.AllowedIPs = r.texts(), r.prefixes()
	k.versions.key = r.xid()
}

func (l *loaded) readPlan(r *row) {
	r.skip(2)
	name, zone := r.take(-1), r.take(-1)
	plan := l.plans[string(name)]
	if plan == nil {
		plan = &ration.Plan{Name: string(name), TimeZone: string(zone)}
		l.plans[plan.Name] = plan
	}
	limit := r.limit()
	r.skip(1)
	plan.UpdatedAt = r.time()
	if since := r.time(); limit.Meter != "" {
		ledger.AddLimit(plan, limit, since)
	}
	r.skip(3)
	own, of := r.xid(), r.xid()
	if l.planRows[plan.Name] == nil {
		l.planRows[plan.Name] = []xid{own}
	}
	if of != 0 {
		l.planRows[plan.Name] = append(l.planRows[plan.Name], of)
	}
}

// planVersion returns the version of a plan with its limits; empty: there is no plan.
func (l *loaded) planVersion(plan string) string {
	rows := l.planRows[plan]
	if len(rows) == 0 {
		return ""
	}
	version, known := l.planVersions[plan]
	if !known {
		version = versionOf(rows[:1]) + versionOf(rows[1:])
		l.planVersions[plan] = version
	}
	return version
}

// limit reads the columns of a limit; without a meter there is none.
func (r *row) limit() ration.Limit {
	limit := ration.Limit{Meter: r.meter(), Kind: r.kind(), Period: r.period()}
	limit.Name, limit.Quantity, limit.Burst = r.text(), r.int(), r.int()
	return limit
}

// readOverride reads an override, or the plan that the key will have.
func (k *keyWork) readOverride(r *row) {
	r.skip(1)
	plan := r.take(-1)
	r.skip(1)
	override := ration.Override{Limit: r.limit(), Unlimited: r.bool(), ExpiresAt: r.time()}
	startsAt := r.time()
	r.skip(3)
	if version := r.xid(); version != 0 { // of one beneath, it is NULL
		k.overrideRows = append(k.overrideRows, version)
	}
	if override.Period == ledger.NextPlanPeriod {
		k.policy.NextPlan, k.policy.NextPlanAt = string(plan), startsAt
		return
	}
	k.overrides = append(k.overrides, ledger.ReadOverride(override, startsAt))
}

func (r *row) secret() ration.SecretState {
	secret := ration.SecretState{ID: r.uuid()}
	r.skip(9)
	secret.ExpiresAt, secret.RevokedAt, secret.LastUsedAt = r.time(), r.time(), r.time()
	return secret
}

func (r *row) slotLease() ledger.SlotLease {
	lease := ledger.SlotLease{ID: r.uuid(), Meter: r.meter()}
	r.skip(8)
	lease.ExpiresAt = r.time()
	return lease
}

// The words of the schema's checks cost no memory when they are read.

func (r *row) status() ration.Status {
	text := r.take(-1)
	for _, status := range [...]ration.Status{ration.StatusActive, ration.StatusPending, ration.StatusDisabled, ration.StatusRevoked, ration.StatusRejected} {
		if string(text) == string(status) {
			return status
		}
	}
	return ration.Status(text)
}

func (r *row) kind() ration.Kind {
	text := r.take(-1)
	switch string(text) {
	case string(ration.KindRate):
		return ration.KindRate
	case string(ration.KindConcurrent):
		return ration.KindConcurrent
	}
	return ration.Kind(text)
}

func (r *row) period() ration.Period {
	text := r.take(-1)
	for _, period := range [...]ration.Period{ration.PeriodDay, ration.PeriodMonth, ration.PeriodSecond, ration.PeriodHour, ration.PeriodMinute, ration.PeriodWeek} {
		if string(text) == string(period) {
			return period
		}
	}
	return ration.Period(text)
}
