package config_test

import (
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/config"
)

func TestAdminAPIWithoutTLSIsForThisMachine(t *testing.T) {
	for _, row := range []struct {
		flags map[string]string
		fault string // "": there is none
	}{
		{map[string]string{}, ""},
		{map[string]string{"admin_listen": "off"}, ""},
		{map[string]string{"admin_listen": "[::1]:9082"}, ""},
		{map[string]string{"admin_listen": "localhost:9082"}, ""},
		{map[string]string{"admin_listen": ":9082"}, "admin_tls_cert_file"},
		{map[string]string{"admin_listen": "0.0.0.0:9082"}, "admin_tls_cert_file"},
		{map[string]string{"admin_listen": "[::]:9082"}, "admin_tls_cert_file"},
		{map[string]string{"admin_listen": "192.0.2.7:9082"}, "admin_tls_cert_file"},
		{map[string]string{"admin_listen": "0.0.0.0:9082", "accept_plain_admin": "true"}, ""},
		{map[string]string{"admin_listen": "0.0.0.0:9082", "admin_tls_cert_file": "c.pem", "admin_tls_key_file": "k.pem"}, ""},
		{map[string]string{"admin_tls_cert_file": "c.pem"}, "admin_tls_key_file"},
		{map[string]string{"admin_listen": "9082"}, "host:port"},
	} {
		loaded, err := config.Load(config.Sources{Flags: row.flags})
		if (err == nil) != (row.fault == "") || err != nil && !strings.Contains(err.Error(), row.fault) {
			t.Errorf("%v: %v, want a fault with %q", row.flags, err, row.fault)
		}
		if _, given := row.flags["admin_listen"]; err == nil && loaded.AdminListenByDefault == given {
			t.Errorf("%v: by default: %t", row.flags, loaded.AdminListenByDefault)
		}
	}
}
