package rationhttp_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/dunglas/httpsfv"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationhttp"
)

func TestIdempotencyKeys(t *testing.T) {
	long := strings.Repeat("x", 255)
	for _, row := range []struct {
		name  string
		lines []string
		want  string
		ok    bool
	}{
		{"in quotes", []string{`"8e03978e-40d5"`}, "8e03978e-40d5", true},
		{"without quotes", []string{`8e03978e-40d5`}, "8e03978e-40d5", true},
		{"spaces around", []string{"\t \"a b\" "}, "a b", true},
		{"quote and backslash escaped", []string{`"a\"b\\c"`}, `a"b\c`, true},
		{"parameters mean nothing", []string{`"a";v=1`}, "a", true},
		{"quote within", []string{`a"b`}, `a"b`, true},
		{"not ASCII", []string{"Schlüssel"}, "Schlüssel", true},
		{"255 bytes", []string{long}, long, true},
		{"255 bytes in quotes", []string{`"` + long + `"`}, long, true},

		{"256 bytes", []string{long + "x"}, "", false},
		{"1 KB", []string{strings.Repeat("x", 1024)}, "", false},
		{"1 KB in quotes", []string{`"` + strings.Repeat("x", 1024) + `"`}, "", false},
		{"empty", []string{""}, "", false},
		{"spaces alone", []string{" \t"}, "", false},
		{"empty in quotes", []string{`""`}, "", false},
		{"two lines", []string{"a", "b"}, "", false},
		{"the same twice", []string{"a", "a"}, "", false},
		{"two in one line", []string{`"a", "b"`}, "", false},
		{"quote that doesn't end", []string{`"a`}, "", false},
		{"quote alone", []string{`"`}, "", false},
		{"text after the quotes", []string{`"a"b`}, "", false},
		{"unknown escape", []string{`"a\n"`}, "", false},
		{"not ASCII in quotes", []string{`"ü"`}, "", false},
		{"NUL", []string{"a\x00b"}, "", false},
		{"NUL in quotes", []string{"\"a\x00b\""}, "", false},
		{"line break", []string{"a\nb"}, "", false},
		{"control character beyond ASCII", []string{"a\u0085b"}, "", false},
		{"not UTF-8", []string{"a\xffb"}, "", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, found, err := rationhttp.IdempotencyKey(http.Header{"Idempotency-Key": row.lines})
			if got != row.want || !found || row.ok != (err == nil) || err != nil && !errors.Is(err, rationhttp.ErrIdempotencyKey) {
				t.Errorf("got %q, %t, %v; want %q, ok: %t", got, found, err, row.want, row.ok)
			}
		})
	}
	if got, found, err := rationhttp.IdempotencyKey(http.Header{}); got != "" || found || err != nil {
		t.Errorf("none: got %q, %t, %v", got, found, err)
	}
}

// FuzzIdempotencyKey wants that what is taken is a key to the engine too, and the
// same one in both forms.
func FuzzIdempotencyKey(f *testing.F) {
	for _, value := range []string{`"8e03978e"`, `8e03978e`, `"a\"b"`, `"a";v=1`, `""`, "\"\\", "a\x00", "\u0085", "ü"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		key, found, err := rationhttp.IdempotencyKey(http.Header{"Idempotency-Key": {value}})
		if !found {
			t.Fatal("not found")
		}
		if err != nil {
			if key != "" || !errors.Is(err, rationhttp.ErrIdempotencyKey) {
				t.Fatalf("got %q with %v", key, err)
			}
			return
		}
		charge := ration.Charge{KeyID: ration.NewKeyID(), Idempotency: &ration.Idempotency{Key: key}}
		if _, err := charge.Normalize(); err != nil {
			t.Fatalf("the engine refuses %q: %v", key, err)
		}
		quoted, err := httpsfv.Marshal(httpsfv.NewItem(key))
		if err != nil {
			return // not ASCII: there is no other form
		}
		if again, _, err := rationhttp.IdempotencyKey(http.Header{"Idempotency-Key": {quoted}}); err != nil || again != key {
			t.Errorf("%s is %q, %v; want %q", quoted, again, err, key)
		}
	})
}
