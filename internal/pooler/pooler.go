// Package pooler notices what stands between a client and PostgreSQL, such as
// PgBouncer.
package pooler

// Between reports whether a pooler does: it gives its clients process ids of its
// own, while pg_backend_pid() is the id of the session that serves them. Whatever
// else might give another id is treated as one.
func Between(client uint32, session int) bool {
	return int64(client) != int64(session)
}
