package admin

// UnfinishedCopy is the version of the schema of a database to which a copy is
// under way or was cut short. No release has it, so none opens such a database.
const UnfinishedCopy = 9_000_000_000
