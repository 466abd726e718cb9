package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ration-dev/ration/internal/config"
)

// oidcEnvironment is all that a provider needs, with changes: "" leaves one out.
func oidcEnvironment(changes map[string]string) (variables []string) {
	all := map[string]string{
		"OIDC_ISSUER": "https://accounts.example.com", "OIDC_CLIENT_ID": "ration", "OIDC_CLIENT_SECRET": "s3cret-of-the-client", "OIDC_ADMIN_GROUPS": "ops, root",
		"CONSOLE_URL": "https://ration.example.com",
	}
	for name, value := range changes {
		all[name] = value
	}
	for name, value := range all {
		if value != "" {
			variables = append(variables, "RATION_"+name+"="+value)
		}
	}
	return variables
}

func TestOIDC(t *testing.T) {
	loaded, err := config.Load(config.Sources{Environment: oidcEnvironment(map[string]string{"OIDC_SCOPES": "openid,groups", "OIDC_READ_GROUPS": "staff"})})
	if err != nil {
		t.Fatal(err)
	}
	want := config.OIDC{
		Issuer: "https://accounts.example.com", ClientID: "ration", Scopes: []string{"groups"}, GroupsClaim: "groups",
		AdminGroups: []string{"ops", "root"}, ReadGroups: []string{"staff"},
	}
	if diff := cmp.Diff(want, loaded.OIDC, cmpopts.IgnoreFields(config.OIDC{}, "Secret")); diff != "" || loaded.OIDC.Secret.Reveal() != "s3cret-of-the-client" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if loaded, err = config.Load(config.Sources{}); err != nil || loaded.OIDC.Issuer != "" || !cmp.Equal(loaded.OIDC.Scopes, []string{"email", "profile"}) {
		t.Errorf("by default: %+v, %v", loaded.OIDC, err)
	}
}

func TestOIDCSecretFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	load := func(text string, mode os.FileMode, more ...string) (config.Config, error) {
		t.Helper()
		_ = os.Remove(path)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return config.Load(config.Sources{Environment: append(oidcEnvironment(map[string]string{"OIDC_CLIENT_SECRET": "", "OIDC_CLIENT_SECRET_FILE": path}), more...)})
	}
	loaded, err := load("s3cret-of-the-client\n", 0o600)
	if err != nil || loaded.OIDC.Secret.Reveal() != "s3cret-of-the-client" {
		t.Errorf("%v", err)
	}
	for name, load := range map[string]func() (config.Config, error){
		"that others can read": func() (config.Config, error) { return load("s3cret", 0o644) },
		"that is empty":        func() (config.Config, error) { return load("", 0o600) },
		"beside the variable":  func() (config.Config, error) { return load("s3cret", 0o600, "RATION_OIDC_CLIENT_SECRET=another") },
	} {
		if _, err := load(); err == nil || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "another") {
			t.Errorf("a file %s: %v", name, err)
		}
	}
}

func TestOIDCThatIsRefused(t *testing.T) {
	for _, row := range []struct {
		changes map[string]string
		want    string
	}{
		{map[string]string{"OIDC_ISSUER": "accounts.example.com"}, "use an https:// URL"},
		{map[string]string{"OIDC_ISSUER": "http://accounts.example.com"}, "use an https:// URL"},
		{map[string]string{"OIDC_ISSUER": "https://a:b@accounts.example.com"}, "without user name"},
		{map[string]string{"OIDC_ISSUER": ""}, "set it too"},
		{map[string]string{"OIDC_CLIENT_ID": ""}, "oidc_client_id"},
		{map[string]string{"OIDC_CLIENT_ID": "a b"}, "without spaces"},
		{map[string]string{"OIDC_CLIENT_SECRET": ""}, "oidc_client_secret_file"},
		{map[string]string{"CONSOLE_URL": ""}, "console_url"},
		{map[string]string{"ADMIN_LISTEN": "off"}, "admin_listen"},
		{map[string]string{"OIDC_ADMIN_GROUPS": " , "}, "nobody could do anything"},
		{map[string]string{"OIDC_SCOPES": "a b"}, "separated by commas"},
		{map[string]string{"OIDC_GROUPS_CLAIM": "a b"}, "name of a claim"},
	} {
		_, err := config.Load(config.Sources{Environment: oidcEnvironment(row.changes)})
		if err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v: %v, want %q", row.changes, err, row.want)
		}
	}
}
