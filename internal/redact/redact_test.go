package redact_test

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/internal/redact"
)

// leak returns four characters in a row of a password that a text shows, or "".
func leak(text, password string) string {
	letters := []rune(password)
	for i := 0; i+4 <= len(letters); i++ {
		if part := string(letters[i : i+4]); strings.Contains(text, part) {
			return part
		}
	}
	return ""
}

// locations are a password in every form that people write, well or badly.
func locations(password string) []string {
	return []string{
		"postgres://user:" + password + "@host:1/db",
		"postgres://user:" + url.QueryEscape(password) + "@host:1/db",
		"postgres://user:" + password + "@host,other:2/db?sslmode=disable",
		"postgresql://host/db?user=user&password=" + password,
		"postgres://host/db?password=" + url.QueryEscape(password) + "&sslmode=require",
		"postgres://host/db?sslpassword=" + password,
		"host=host user=user password=" + password + " dbname=db",
		"host=host password='" + password + "' dbname=db",
		"host=host password = " + password,
		"user:" + password + "@host:80",
		"http://user:" + password + "@host/path?token=" + password,
	}
}

func FuzzErrorsShowNothingOfAPassword(f *testing.F) {
	for _, password := range []string{"p@ssw0rd", "a:b/c?d#e%f&g=h", "with spaces in it", "Übergröße☃", "line\nbreak and more", "%zz%41%", `quo"te'd\\`, "a+b c%20d", "@@@@::::////", "MiXedCaSe"} {
		f.Add(password)
	}
	f.Fuzz(func(t *testing.T, password string) {
		for _, location := range locations(password) {
			causes := []error{errors.New(location), fmt.Errorf("opening %q: %w", location, errors.New(strings.ToLower(location)))}
			if _, err := url.Parse(location); err != nil {
				causes = append(causes, err)
			}
			if config, err := pgx.ParseConfig(location); err != nil {
				causes = append(causes, err)
			} else {
				causes = append(causes, &net.DNSError{Err: "no such host", Name: config.Host}, fmt.Errorf("failed to connect to `user=%s database=%s`", config.User, config.Database))
			}
			for _, cause := range causes {
				err := redact.Error(cause, location)
				if part := leak(strings.ReplaceAll(err.Error(), "…", "\x00"), password); part != "" {
					t.Errorf("%q of the password %q in %q (location %q)", part, password, err, location)
				}
				if !errors.Is(err, cause) {
					t.Errorf("the cause of %q is lost", err)
				}
			}
		}
	})
}

func TestWhatIsNoPasswordIsShown(t *testing.T) {
	for location, want := range map[string]string{
		"postgres://user:secret@db.example:5432/ration": "dial tcp: lookup db.example: no such host",
		"postgres://user@db.example/ration":             "dial tcp: lookup db.example: no such host",
		"sqlite:/var/lib/ration.db":                     "dial tcp: lookup db.example: no such host",
		"":                                              "dial tcp: lookup db.example: no such host",
	} {
		cause := errors.New(want)
		if err := redact.Error(cause, location); err.Error() != want {
			t.Errorf("%s: %q", location, err)
		}
	}
	if redact.Error(nil, "postgres://u:p@h") != nil {
		t.Error("no error became one")
	}
}

func TestAmbiguousLocations(t *testing.T) {
	for location, want := range map[string]bool{
		"postgres://u:p@ssw0rd@h:1/d":                true,
		"postgres://u:1/word@h/d":                    true,
		"postgres://u:1?word@h/d":                    true,
		"postgres://u:1#word@h/d":                    true,
		"postgres://h/d?user=me@server":              true,
		"postgres://u:p%40ssw0rd@h:1/d":              false,
		"postgres://u:p:q@h1:1,h2:2/d?sslmode=allow": false,
		"postgres:///d?host=/var/run":                false,
	} {
		if got := redact.Ambiguous(location); got != want {
			t.Errorf("%s: ambiguous %v, want %v", location, got, want)
		}
	}
}
