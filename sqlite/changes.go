package sqlite

import (
	"slices"
	"strings"
)

// change says what of the memory statements may have made wrong.
type change uint8

const (
	changesTokens change = 1 << iota
	changesAny
)

// rememberedTables are those that decisions read and the memory holds, but for tokens.
// Rows of others change none of them: no table has a trigger, or a foreign key by which a
// row of another table would take one of theirs along.
var rememberedTables = []string{"api_keys", "api_key_limits", "api_key_limits_beneath", "api_key_secrets", "key_usage", "plans", "plan_limits", "meters"}

// changeBy returns what a statement may change. Of one that it does not understand it
// thinks the worst.
func changeBy(statement string) change {
	words := strings.Fields(strings.ToLower(statement))
	if len(words) == 0 {
		return 0
	}
	switch words[0] {
	case "select", "begin", "commit", "rollback", "pragma", "explain":
		return 0
	}
	table := ""
	switch {
	case len(words) > 2 && (words[0] == "insert" && words[1] == "into" || words[0] == "delete" && words[1] == "from"):
		table, _, _ = strings.Cut(words[2], "(")
	case len(words) > 2 && words[0] == "update":
		table = words[1]
	}
	switch {
	case table == "admin_tokens":
		return changesTokens
	case !slices.Contains(tableNames, table) || slices.Contains(rememberedTables, table):
		return changesAny
	}
	return 0
}
