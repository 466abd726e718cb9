package admin

import "fmt"

// UnfinishedCopy is the schema version of a database to which a copy is under way or
// was interrupted. No release has this version, so none opens such a database.
const UnfinishedCopy = 9_000_000_000

// Schema is what a database says about its schema.
type Schema struct {
	// Version is the version of the newest migration that ran on it; 0: it has no
	// schema.
	Version int64
	// Least is the version that a build must know to run on it. It stays the same
	// when a migration only adds something. 0: there is no mark, as in schemas before
	// version 4.
	Least int64
}

// Suits reports whether a build whose own schema has a version may run on this one.
// It may if the version is the same, or if this one is newer and its Least is at most
// the build's version.
func (s Schema) Suits(own int64) bool {
	switch {
	case s.Version == UnfinishedCopy:
		return false
	case s.Version > own:
		return s.Least > 0 && s.Least <= own
	}
	return s.Version == own
}

// Finding returns the finding for a schema that suits a build. On describes the
// database's own software, or is empty.
func (s Schema) Finding(own int64, on string) Finding {
	detail := fmt.Sprintf("version %d, which this release works with%s", s.Version, on)
	if s.Version > own {
		detail = fmt.Sprintf("version %d, made by a later release and marked for those that know version %d or later, such as this one, which knows %d%s", s.Version, s.Least, own, on)
	}
	return Finding{Check: "schema", State: FindingOK, Detail: detail}
}
