package admin

import "errors"

// ErrUnchanged is returned by an update function that finds nothing to change:
// the store then writes nothing and reports no error.
var ErrUnchanged = errors.New("nothing to change")
