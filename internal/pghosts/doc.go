// Package pghosts finds the server to connect to among the hosts of a PostgreSQL
// URL and the addresses of their names. pgx tries them one after another, so that
// a silent one holds up all that come after it. Here the next one is asked a
// moment later, and the one that answered last comes first.
package pghosts
