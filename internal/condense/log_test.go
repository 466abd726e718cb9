package condense_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ration-dev/ration/internal/condense"
)

func TestEachKindIsSaidOnceAnIntervalWithWhatWasNotSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := condense.New(slog.New(slog.NewTextHandler(&out, nil)))
		say := func(kind condense.Kind) { log.Say(t.Context(), slog.LevelWarn, kind) }
		search := condense.Kind{Message: "no answer", Code: "timeout", Route: "search"}
		for range 1000 {
			say(search)
		}
		say(condense.Kind{Message: "no answer", Code: "timeout", Route: "other"})
		say(condense.Kind{Message: "no answer", Code: "broke_off", Route: "search"})
		if lines := strings.Count(out.String(), "\n"); lines != 3 {
			t.Fatalf("%d lines for three kinds:\n%s", lines, &out)
		}
		time.Sleep(condense.Interval)
		out.Reset()
		say(search)
		say(search)
		if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "code=timeout route=search more_since_the_last=999") {
			t.Errorf("after the interval:\n%s", got)
		}
	})
}

func TestKindsBeyondTheBoundAreOneKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := condense.New(slog.New(slog.NewTextHandler(&out, nil)))
		for i := range 100_000 {
			log.Say(t.Context(), slog.LevelWarn, condense.Kind{Message: fmt.Sprint("kind ", i)})
		}
		if lines := strings.Count(out.String(), "\n"); lines > 2000 {
			t.Errorf("%d lines for kinds without end", lines)
		}
	})
}

func TestSaysOnceWhatNeedsNoReminder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		level := new(slog.LevelVar)
		level.Set(slog.LevelError)
		log := condense.New(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: level})))
		say := func(route string) {
			log.SayOnce(t.Context(), slog.LevelWarn, condense.Kind{Message: "odd", Route: route}, slog.Int("n", 1))
		}
		say("search")
		level.Set(slog.LevelWarn)
		for range 3 {
			say("search")
			say("other")
			time.Sleep(2 * condense.Interval)
		}
		if got := out.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, "route=search n=1\n") || !strings.Contains(got, "route=other n=1\n") {
			t.Errorf("said\n%s", got)
		}
		for i := range 100_000 {
			say(fmt.Sprint(i))
		}
		if lines := strings.Count(out.String(), "\n"); lines > 1100 {
			t.Errorf("%d lines for kinds without end", lines)
		}
	})
}

func TestLevelThatIsOffIsNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		level := new(slog.LevelVar)
		level.Set(slog.LevelError)
		log := condense.New(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: level})))
		kind := condense.Kind{Message: "trouble"}
		log.Say(t.Context(), slog.LevelWarn, kind)
		level.Set(slog.LevelWarn)
		log.Say(t.Context(), slog.LevelWarn, kind)
		if !strings.Contains(out.String(), "more_since_the_last=0") {
			t.Errorf("log: %q", &out)
		}
	})
}

// TestLinesOfNetHTTP holds lines as net/http and httputil write them, with what a
// client can vary in each.
func TestLinesOfNetHTTP(t *testing.T) {
	for name, line := range map[string]func(i int) string{
		"handshake over IPv4": func(i int) string { return fmt.Sprintf("http: TLS handshake error from 10.0.0.%d:54%d: EOF", i, i) },
		"handshake over IPv6": func(i int) string {
			return fmt.Sprintf("http: TLS handshake error from [2001:db8::%d]:54%d: client sent %d", i, i, i)
		},
		"panic": func(i int) string {
			return fmt.Sprintf("http: panic serving 10.0.0.%d:54: boom\ngoroutine %d [running]:\nmain.f()", i, i)
		},
		"panic on a socket": func(i int) string { return fmt.Sprintf("http: panic serving @: index %d\ngoroutine 7 [running]:", i) },
		"second WriteHeader": func(i int) string {
			return fmt.Sprintf("http: superfluous response.WriteHeader call from main.f (f.go:%d)", i)
		},
		"broken copy": func(i int) string {
			return fmt.Sprintf("httputil: ReverseProxy read error during body copy: read tcp 127.0.0.1:%d: reset", i)
		},
		"unexpected answer": func(i int) string {
			return fmt.Sprintf("Unsolicited response received on idle HTTP channel starting with \"%d\"; err=%d", i, i)
		},
		"accept": func(i int) string {
			return fmt.Sprintf("http: Accept error: accept tcp 127.0.0.1:80: too many files; retrying in %dms", i)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				standard := condense.New(slog.New(slog.NewTextHandler(&out, nil))).Standard()
				for i := range 50 {
					standard.Print(line(i))
				}
				if lines := strings.Count(out.String(), "\n"); lines != 1 {
					t.Errorf("%d lines:\n%s", lines, &out)
				}
				time.Sleep(condense.Interval)
				standard.Print(line(1))
				if !strings.Contains(out.String(), "more_since_the_last=49") {
					t.Errorf("what was not said is not counted:\n%s", &out)
				}
			})
		})
	}
}
