package postgres

// counted makes a statement that writes fail unless it writes so many rows: a row
// that a trigger, row security or a deletion withholds would be admitted
// and not counted. COMMIT is sent behind the writes, so the server has to find out.
func counted(write, rows string) string {
	return "WITH written AS (" + write + `
    RETURNING 1
)
SELECT CASE WHEN count(*) = ` + rows + ` THEN 0 ELSE (count(*) || ' rows were written, not ' || ` + rows + `)::int END
FROM written`
}

// rowsSent is how many rows a batch has for a statement; ids come first.
const rowsSent = "cardinality($1::uuid[])"

// addUsageSQL adds to rows whose periods run on and that have no rate: nearly
// all. The primary key serves it.
var addUsageSQL = counted(`
UPDATE key_usage k
SET `+addCounts+`
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::timestamptz[])
     AS d (api_key_id, meter, used, denied, last_request_at)
WHERE k.api_key_id = d.api_key_id AND k.meter = d.meter`, rowsSent)

// addRatesSQL is addUsageSQL for rows whose rates moved.
var addRatesSQL = counted(`
UPDATE key_usage k
SET `+addCounts+`,
    second_rate_tat = d.second_rate_tat, second_rate_rest = d.second_rate_rest,
    minute_rate_tat = d.minute_rate_tat, minute_rate_rest = d.minute_rate_rest,
    second_rate_quantity = d.second_rate_quantity, second_rate_quantity_tat = d.second_rate_tat,
    minute_rate_quantity = d.minute_rate_quantity, minute_rate_quantity_tat = d.minute_rate_tat
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::timestamptz[],
            $6::timestamptz[], $7::bigint[], $8::timestamptz[], $9::bigint[], $10::bigint[], $11::bigint[])
     AS d (api_key_id, meter, used, denied, last_request_at,
           second_rate_tat, second_rate_rest, minute_rate_tat, minute_rate_rest, second_rate_quantity, minute_rate_quantity)
WHERE k.api_key_id = d.api_key_id AND k.meter = d.meter`, rowsSent)

const addCounts = `used = k.used + d.used, denied = k.denied + d.denied,
    last_request_at = coalesce(d.last_request_at, k.last_request_at),
    hour_used = k.hour_used + d.used, day_used = k.day_used + d.used,
    week_used = k.week_used + d.used, month_used = k.month_used + d.used,
    counted_used = k.counted_used + least(d.used, ` + mostUnits + ` - k.counted_used), counted_denied = k.counted_denied + d.denied`

// setUsageSQL adds to rows that are new, used for the first time or turn a period. A period
// with another id than the row's begins with what is added.
var setUsageSQL = counted(`
INSERT INTO key_usage AS k (`+chargedColumns+`)
SELECT d.api_key_id, d.meter, d.used, 0, d.denied, d.first_request_at, d.last_request_at,
       d.hour_label, d.hour_ends_at, d.hour_used, 0,
       d.day_label, d.day_ends_at, d.day_used, 0,
       d.week_label, d.week_ends_at, d.week_used, 0,
       d.month_label, d.month_ends_at, d.month_used, 0,
       d.second_rate_tat, d.second_rate_rest, d.minute_rate_tat, d.minute_rate_rest,
       d.second_rate_quantity, d.second_rate_tat, d.minute_rate_quantity, d.minute_rate_tat,
       d.counted_hour, d.counted_used, 0, d.counted_denied
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::timestamptz[],
            $7::timestamptz[], $8::timestamptz[], $9::bigint[],
            $10::date[], $11::timestamptz[], $12::bigint[],
            $13::date[], $14::timestamptz[], $15::bigint[],
            $16::date[], $17::timestamptz[], $18::bigint[],
            $19::timestamptz[], $20::bigint[], $21::timestamptz[], $22::bigint[], $23::bigint[], $24::bigint[],
            $25::timestamptz[], $26::bigint[], $27::bigint[])
     AS d (api_key_id, meter, used, denied, first_request_at, last_request_at,
           hour_label, hour_ends_at, hour_used, day_label, day_ends_at, day_used,
           week_label, week_ends_at, week_used, month_label, month_ends_at, month_used,
           second_rate_tat, second_rate_rest, minute_rate_tat, minute_rate_rest, second_rate_quantity, minute_rate_quantity,
           counted_hour, counted_used, counted_denied)
ON CONFLICT (api_key_id, meter) DO UPDATE
SET used = k.used + excluded.used, denied = k.denied + excluded.denied,
    first_request_at = coalesce(k.first_request_at, excluded.first_request_at),
    last_request_at = coalesce(excluded.last_request_at, k.last_request_at),
    hour_label = excluded.hour_label, hour_ends_at = excluded.hour_ends_at,
    hour_used = CASE WHEN k.hour_label = excluded.hour_label THEN k.hour_used ELSE 0 END + excluded.hour_used,
    hour_reserved = CASE WHEN k.hour_label = excluded.hour_label THEN k.hour_reserved ELSE 0 END,
    day_label = excluded.day_label, day_ends_at = excluded.day_ends_at,
    day_used = CASE WHEN k.day_label = excluded.day_label THEN k.day_used ELSE 0 END + excluded.day_used,
    day_reserved = CASE WHEN k.day_label = excluded.day_label THEN k.day_reserved ELSE 0 END,
    week_label = excluded.week_label, week_ends_at = excluded.week_ends_at,
    week_used = CASE WHEN k.week_label = excluded.week_label THEN k.week_used ELSE 0 END + excluded.week_used,
    week_reserved = CASE WHEN k.week_label = excluded.week_label THEN k.week_reserved ELSE 0 END,
    month_label = excluded.month_label, month_ends_at = excluded.month_ends_at,
    month_used = CASE WHEN k.month_label = excluded.month_label THEN k.month_used ELSE 0 END + excluded.month_used,
    month_reserved = CASE WHEN k.month_label = excluded.month_label THEN k.month_reserved ELSE 0 END,
    second_rate_tat = excluded.second_rate_tat, second_rate_rest = excluded.second_rate_rest,
    minute_rate_tat = excluded.minute_rate_tat, minute_rate_rest = excluded.minute_rate_rest,
    second_rate_quantity = excluded.second_rate_quantity, second_rate_quantity_tat = excluded.second_rate_quantity_tat,
    minute_rate_quantity = excluded.minute_rate_quantity, minute_rate_quantity_tat = excluded.minute_rate_quantity_tat,
    counted_hour = excluded.counted_hour,
    counted_used = CASE WHEN k.counted_hour = excluded.counted_hour THEN k.counted_used + least(excluded.counted_used, `+mostUnits+` - k.counted_used) ELSE excluded.counted_used END,
    counted_given_back = CASE WHEN k.counted_hour = excluded.counted_hour THEN k.counted_given_back ELSE 0 END,
    counted_denied = CASE WHEN k.counted_hour = excluded.counted_hour THEN k.counted_denied ELSE 0 END + excluded.counted_denied`, rowsSent)

// addDaysSQL adds to the history.
var addDaysSQL = counted(`
INSERT INTO usage_days AS u (api_key_id, meter, date, used, denied, last_request_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::date[], $4::bigint[], $5::bigint[], $6::timestamptz[])
ON CONFLICT (api_key_id, meter, date) DO UPDATE
SET used = u.used + excluded.used, denied = u.denied + excluded.denied,
    last_request_at = coalesce(excluded.last_request_at, u.last_request_at)`, rowsSent)

// secretsUsedSQL notes the last use of secrets, which no decision depends on. The
// primary key serves it.
//
//nolint:gosec // names of columns
const secretsUsedSQL = `
UPDATE api_key_secrets s
SET last_used_at = $3
FROM unnest($1::uuid[], $2::uuid[]) AS d (api_key_id, secret_id)
WHERE s.api_key_id = d.api_key_id AND s.secret_id = d.secret_id`
