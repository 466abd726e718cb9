//go:build !unix

package certfile

import "io/fs"

// readableByAll is not known here: a mode says nothing of who may read.
func readableByAll(fs.FileMode) bool { return false }
