package rationadmin_test

import (
	"strings"
	"testing"

	"github.com/ration-dev/ration/rationadmin"
)

func TestScopesOfTokens(t *testing.T) {
	all := []string{rationadmin.ScopeVerify, rationadmin.ScopeRead, rationadmin.ScopeKeys, rationadmin.ScopeAdmin, "other"}
	for _, row := range []struct{ scopes, allowed string }{
		{"verify", "verify"},
		{"read", "read"},
		{"keys", "read keys"},
		{"admin", "read keys admin"},
		{"verify read", "verify read"},
		{"verify admin", "verify read keys admin"},
		{"", ""},
	} {
		token := rationadmin.Token{Scopes: strings.Fields(row.scopes)}
		var allowed []string
		for _, scope := range all {
			if token.Allows(scope) {
				allowed = append(allowed, scope)
			}
		}
		if got := strings.Join(allowed, " "); got != row.allowed {
			t.Errorf("scopes %q allow %q, want %q", row.scopes, got, row.allowed)
		}
	}
}
