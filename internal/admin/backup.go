package admin

import (
	"context"
	"path/filepath"

	"github.com/ration-dev/ration"
)

// BackupOperations copies a database while it is in use.
type BackupOperations interface {
	Backup(ctx context.Context, path string) error
}

// Backup writes a copy of the database, as it is at one instant, to a new file on the
// machine that has the database open. The path must be absolute, because that process
// may have another working directory. Errors besides those of [Operations]:
// ErrNoBackup, and those of the file system.
func (s *Service) Backup(ctx context.Context, path string) error {
	store, ok := s.store.(BackupOperations)
	if !ok {
		return ErrNoBackup
	}
	if !filepath.IsAbs(path) {
		return &ration.InvalidError{Field: "path", Value: path, Reason: "give an absolute path"}
	}
	return store.Backup(ctx, path)
}
