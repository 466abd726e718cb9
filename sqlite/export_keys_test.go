package sqlite

import "github.com/ration-dev/ration/internal/sqladmin"

// Administered returns what administration works on.
func Administered(s *Store) sqladmin.DB { return administered{s} }
