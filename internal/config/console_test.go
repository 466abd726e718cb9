package config_test

import (
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/config"
)

func TestConsoleURL(t *testing.T) {
	for value, want := range map[string]string{
		"https://ration.example.com": "", "https://ration.example.com:8443/": "", "http://127.0.0.1:8082": "", "http://localhost:8082": "",
		"http://ration.example.com": "plain text", "https://ration.example.com/ration": "without a path", "ration.example.com:443": "the scheme is missing",
		"https://a:b@ration.example.com": "without user name", "https://ration.example.com/?a=b": "query", "ftp://ration.example.com": "admin API",
	} {
		loaded, err := config.Load(config.Sources{Environment: []string{"RATION_CONSOLE_URL=" + value}})
		switch {
		case want == "" && (err != nil || loaded.ConsoleURL != strings.TrimSuffix(value, "/")):
			t.Errorf("%s: %q, %v", value, loaded.ConsoleURL, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "RATION_CONSOLE_URL")):
			t.Errorf("%s: %v, want an error about %q", value, err, want)
		}
	}
}
