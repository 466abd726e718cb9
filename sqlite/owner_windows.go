package sqlite

import "os"

// owner is nobody: here a file takes over the rights of its directory.
type owner struct{}

func ownerOf(string) (owner, error) { return owner{}, nil }

func (owner) give(*os.File) error { return nil }
