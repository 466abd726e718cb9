package admin

import "fmt"

// UnfinishedCopy is the version of the schema of a database to which a copy is
// under way or was cut short. No release has it, so none opens such a database.
const UnfinishedCopy = 9_000_000_000

// Schema is what a database says of its schema.
type Schema struct {
	// Version is that of the newest migration that it has had; 0: it has no schema.
	Version int64
	// Least is the version that a build has to know to run on it, which stays as it
	// was when a migration only adds something; 0: it is not marked, as schemas
	// before version 4.
	Least int64
}

// Suits reports whether a build whose own schema has a version may run on this
// one: it is the same, or newer and says that the build knows enough of it.
func (s Schema) Suits(own int64) bool {
	switch {
	case s.Version == UnfinishedCopy:
		return false
	case s.Version > own:
		return s.Least > 0 && s.Least <= own
	}
	return s.Version == own
}

// Finding is for a schema that suits a build. On describes the database's own
// software, or is empty.
func (s Schema) Finding(own int64, on string) Finding {
	detail := fmt.Sprintf("version %d, which this release works with%s", s.Version, on)
	if s.Version > own {
		detail = fmt.Sprintf("version %d, made by a later release and marked for those that know version %d or later, such as this one, which knows %d%s", s.Version, s.Least, own, on)
	}
	return Finding{Check: "schema", State: FindingOK, Detail: detail}
}
