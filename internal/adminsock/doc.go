// Package adminsock lets the command line administer an SQLite file that a
// server has open: through a unix socket beside the file, by the server's one
// writer. It is package admin in private: both ends are of one release, and a
// field or an operation that the other end does not know is an error.
//
// Who may open the socket may administer: it has mode 0600, as the database
// has. It speaks HTTP with one path per operation, POST /rpc/CreateKey.
package adminsock
