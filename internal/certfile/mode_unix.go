//go:build unix

package certfile

import "io/fs"

// readableByAll reports whether users who are neither the owner nor of the file's
// group can read it. A group may: root's key is often read by a server of that group.
func readableByAll(mode fs.FileMode) bool { return mode.Perm()&0o004 != 0 }
