package dbcopy

// table is one of those that are copied.
type table struct {
	name string
	// order is a unique key of the table, which both databases have an index for.
	// Each sorts it byte by byte.
	order []string
	// counters are the columns of which the sums are shown, each named as one of
	// [Counts].
	counters []string
}

// tables are in an order in which each row's references are there before it.
// Left out is charge_batches: it answers commits that are under way, and there are
// none while nothing runs on the source. Left out is request_log too: its entries
// are numbered by their database, and a log that begins with the target proves what
// the target counts. Left out are instances, which serve on the source. Each schema
// brings its own schema_compatibility, which then takes over what the source's says,
// and its own cursor_key.
var tables = []table{
	{name: "meters", order: []string{"name"}},
	{name: "plans", order: []string{"name"}},
	{name: "plan_limits", order: []string{"plan", "meter", "kind", "period"}},
	{name: "api_keys", order: []string{"id"}},
	{name: "api_key_limits", order: []string{"api_key_id", "meter", "kind", "period"}},
	{name: "api_key_limits_beneath", order: []string{"api_key_id", "meter", "kind", "period"}},
	{name: "api_key_secrets", order: []string{"api_key_id", "secret_id"}},
	{name: "key_words", order: []string{"word", "api_key_id"}},
	{name: "key_usage", order: []string{"api_key_id", "meter"}, counters: []string{"used", "reserved", "denied"}},
	{name: "usage_days", order: []string{"date", "api_key_id", "meter"}, counters: []string{"used", "denied"}},
	{name: "usage_days_since", order: []string{"only_row"}},
	{name: "usage_hours", order: []string{"hour", "api_key_id", "meter"}},
	{name: "usage_hours_since", order: []string{"only_row"}},
	{name: "traffic_hours", order: []string{"hour", "via", "code", "counter"}},
	{name: "traffic_hours_since", order: []string{"only_row"}},
	{name: "reservations", order: []string{"api_key_id", "id"}},
	{name: "leases", order: []string{"api_key_id", "id", "meter"}},
	{name: "idempotency_keys", order: []string{"api_key_id", "key"}},
	{name: "refunds", order: []string{"api_key_id", "meter", "period", "label"}},
	{name: "admin_tokens", order: []string{"id"}},
	{name: "sessions", order: []string{"id"}},
	{name: "login_links", order: []string{"id"}},
	{name: "admin_answers", order: []string{"id"}},
	{name: "audit_log", order: []string{"id"}},
	{name: "events", order: []string{"seq"}},
	{name: "event_marks", order: []string{"api_key_id", "mark"}},
	{name: "event_feed", order: []string{"only_row"}},
	{name: "webhooks", order: []string{"id"}},
	{name: "deliveries", order: []string{"webhook_id", "position"}},
	{name: "jobs", order: []string{"id"}},
	{name: "job_inputs", order: []string{"job_id", "number"}},
	{name: "key_requests", order: []string{"api_key_id"}},
	{name: "pickup_links", order: []string{"digest"}},
}

// admission is the table by which a secret is admitted, filled last.
var admission = table{name: "secret_digests", order: []string{"digest"}}

var allTables = append(tables[:len(tables):len(tables)], admission)

// column is a column of a table, in both databases.
type column struct {
	name string
	kind kind
}

// kind is how a column's values are written in the one and the other database. It
// bears the name of PostgreSQL's type, which tells more than SQLite's.
type kind string

const (
	kindText    kind = "text"
	kindInt     kind = "int8"
	kindFlag    kind = "bool" // 0 or 1
	kindBytes   kind = "bytea"
	kindID      kind = "uuid"        // 16 bytes
	kindInstant kind = "timestamptz" // microseconds since 1970
	kindDate    kind = "date"        // YYYY-MM-DD
	kindList    kind = "_text"       // a list in JSON
	kindJSON    kind = "jsonb"       // JSON text
)

func names(columns []column) []string {
	list := make([]string, len(columns))
	for i, column := range columns {
		list[i] = column.name
	}
	return list
}
