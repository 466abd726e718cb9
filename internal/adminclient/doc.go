// Package adminclient is administration at a distance: [admin.Operations] that ask the
// admin API of a server, over the network or over the socket beside an SQLite file. What
// it returns is what the operations themselves would have, with the texts of their errors.
package adminclient
