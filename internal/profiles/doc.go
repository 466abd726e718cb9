// Package profiles keeps the servers that commands of one user ask, by name, in a file of
// that user's. The file holds a token, or the path of a file with one, so that only its
// owner may be able to read it.
package profiles
