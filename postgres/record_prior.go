package postgres

// What ends, gives back or is to be found again of charges is written by
// statements of its own, sent behind those that nearly all batches need.

// mostUnits is ration.MaxTotalUnits, where counts of what was given back stop.
const mostUnits = "4611686018427387904"

// newUsageSQL makes the rows that postUsageSQL needs: an INSERT can't take
// anything off.
var newUsageSQL = counted(`
INSERT INTO key_usage (api_key_id, meter)
SELECT * FROM unnest($1::uuid[], $2::text[])`, rowsSent)

// postUsageSQL adds what may be negative, to what is used and what is reserved. A
// period with another id than the row's begins with what is added. The primary
// key serves it.
var postUsageSQL = counted(`
UPDATE key_usage k
SET used = k.used + d.used, reserved = k.reserved + d.reserved, denied = k.denied + d.denied,
    first_request_at = coalesce(k.first_request_at, d.first_request_at),
    last_request_at = coalesce(d.last_request_at, k.last_request_at),
    hour_label = d.hour_label, hour_ends_at = d.hour_ends_at,
    hour_used = CASE WHEN k.hour_label = d.hour_label THEN k.hour_used ELSE 0 END + d.hour_used,
    hour_reserved = CASE WHEN k.hour_label = d.hour_label THEN k.hour_reserved ELSE 0 END + d.hour_reserved,
    day_label = d.day_label, day_ends_at = d.day_ends_at,
    day_used = CASE WHEN k.day_label = d.day_label THEN k.day_used ELSE 0 END + d.day_used,
    day_reserved = CASE WHEN k.day_label = d.day_label THEN k.day_reserved ELSE 0 END + d.day_reserved,
    week_label = d.week_label, week_ends_at = d.week_ends_at,
    week_used = CASE WHEN k.week_label = d.week_label THEN k.week_used ELSE 0 END + d.week_used,
    week_reserved = CASE WHEN k.week_label = d.week_label THEN k.week_reserved ELSE 0 END + d.week_reserved,
    month_label = d.month_label, month_ends_at = d.month_ends_at,
    month_used = CASE WHEN k.month_label = d.month_label THEN k.month_used ELSE 0 END + d.month_used,
    month_reserved = CASE WHEN k.month_label = d.month_label THEN k.month_reserved ELSE 0 END + d.month_reserved,
    second_rate_tat = d.second_rate_tat, second_rate_rest = d.second_rate_rest,
    minute_rate_tat = d.minute_rate_tat, minute_rate_rest = d.minute_rate_rest,
    second_rate_quantity = d.second_rate_quantity, second_rate_quantity_tat = d.second_rate_tat,
    minute_rate_quantity = d.minute_rate_quantity, minute_rate_quantity_tat = d.minute_rate_tat,
    counted_hour = d.counted_hour,
    counted_used = CASE WHEN k.counted_hour = d.counted_hour THEN k.counted_used + least(d.counted_used, `+mostUnits+` - k.counted_used) ELSE d.counted_used END,
    counted_given_back = CASE WHEN k.counted_hour = d.counted_hour THEN k.counted_given_back + least(d.counted_given_back, k.counted_used + least(d.counted_used, `+mostUnits+` - k.counted_used) - k.counted_given_back)
        ELSE least(d.counted_given_back, d.counted_used) END,
    counted_denied = CASE WHEN k.counted_hour = d.counted_hour THEN k.counted_denied ELSE 0 END + d.counted_denied
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::timestamptz[],
            $8::timestamptz[], $9::timestamptz[], $10::bigint[], $11::bigint[],
            $12::date[], $13::timestamptz[], $14::bigint[], $15::bigint[],
            $16::date[], $17::timestamptz[], $18::bigint[], $19::bigint[],
            $20::date[], $21::timestamptz[], $22::bigint[], $23::bigint[],
            $24::timestamptz[], $25::bigint[], $26::timestamptz[], $27::bigint[], $28::bigint[], $29::bigint[],
            $30::timestamptz[], $31::bigint[], $32::bigint[], $33::bigint[])
     AS d (`+countColumns+`, second_rate_quantity, minute_rate_quantity, `+countedColumns+`)
WHERE k.api_key_id = d.api_key_id AND k.meter = d.meter`, rowsSent)

// setBegunSQL writes what few keys have: resets and shifted periods. The primary key
// serves it.
var setBegunSQL = counted(`
UPDATE key_usage k
SET resets = d.resets::jsonb, shifted = d.shifted::jsonb
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS d (api_key_id, meter, resets, shifted)
WHERE k.api_key_id = d.api_key_id AND k.meter = d.meter`, rowsSent)

// postDaysSQL is addDaysSQL where units may be given back. A day that was used by
// a clock from the future may have been repaired meanwhile, so it takes off what
// is there.
var postDaysSQL = counted(`
INSERT INTO usage_days AS u (api_key_id, meter, date, used, denied, last_request_at, given_back, refunds)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::date[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::bigint[], $8::bigint[])
ON CONFLICT (api_key_id, meter, date) DO UPDATE
SET used = greatest(0, u.used + excluded.used - excluded.given_back), denied = u.denied + excluded.denied,
    last_request_at = coalesce(excluded.last_request_at, u.last_request_at),
    given_back = u.given_back + least(excluded.given_back, `+mostUnits+` - u.given_back), refunds = u.refunds + excluded.refunds`, rowsSent)

// refundSQL adds to what was given back in periods. The primary key serves it. The
// time is that of the batch.
var refundSQL = counted(`
INSERT INTO refunds AS r (api_key_id, meter, period, label, units, created_at)
SELECT d.api_key_id, d.meter, d.period, d.label, d.units, $6
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[]) AS d (api_key_id, meter, period, label, units)
ON CONFLICT (api_key_id, meter, period, label) DO UPDATE
SET units = r.units + excluded.units`, rowsSent)

var newReservationsSQL = counted(`
INSERT INTO reservations (`+reservationColumns+`)
SELECT d.api_key_id, d.id, d.state, d.at_expiry, d.held::jsonb, d.settled::jsonb,
       d.created_at, d.expires_at, d.ended_at, d.late_at, d.fingerprint, d.limits::jsonb
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
            $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::bytea[], $12::text[])
     AS d (`+reservationColumns+`)`, rowsSent)

// endReservationsSQL is served by the primary key.
var endReservationsSQL = counted(`
UPDATE reservations r
SET state = d.state, settled = d.settled::jsonb, ended_at = d.ended_at, late_at = d.late_at
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[])
     AS d (api_key_id, id, state, settled, ended_at, late_at)
WHERE r.api_key_id = d.api_key_id AND r.id = d.id`, rowsSent)

// forgetReplaysSQL may find nothing: what is remembered of a charge is deleted
// before the charge can no longer be given back. The primary key serves it.
const forgetReplaysSQL = `
DELETE FROM idempotency_keys i
USING unnest($1::uuid[], $2::text[]) AS d (api_key_id, key)
WHERE i.api_key_id = d.api_key_id AND i.key = d.key`

// rememberReplaysSQL puts what is remembered in place of what no longer is.
var rememberReplaysSQL = counted(`
INSERT INTO idempotency_keys (api_key_id, key, fingerprint, answer, created_at)
SELECT d.api_key_id, d.key, d.fingerprint, d.answer::jsonb, d.created_at
FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::text[], $5::timestamptz[])
     AS d (api_key_id, key, fingerprint, answer, created_at)
ON CONFLICT (api_key_id, key) DO UPDATE
SET fingerprint = excluded.fingerprint, answer = excluded.answer, created_at = excluded.created_at`, rowsSent)
