package groupcommit_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/ration-dev/ration/internal/groupcommit"
)

var errNone error // nil

// Whatever a Commit does, its callers are answered and the lane goes on.
func TestMisbehavingCommit(t *testing.T) {
	rows := map[string]func() ([]string, error){
		"panics":               func() ([]string, error) { panic("sesame") },
		"panics with nil":      func() ([]string, error) { panic(errNone) },
		"ends its goroutine":   func() ([]string, error) { runtime.Goexit(); return nil, nil },
		"too few results":      func() ([]string, error) { return []string{"one"}, nil },
		"too many results":     func() ([]string, error) { return []string{"one", "two", "three"}, nil },
		"no results, no error": func() ([]string, error) { return nil, nil },
		"makes split panic":    func() ([]string, error) { return nil, errPoison },
	}
	for name, misbehave := range rows {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLane(t, config{Split: func(error) bool { panic("sesame") }})
				call, ps := l.startBatch("a:1", "b:1")
				gone := l.do("c:1")
				next := l.do("d:1")
				gone.cancel()
				call.does(misbehave)
				for _, p := range ps {
					wantError(t, p, groupcommit.ErrOutcomeUnknown)
				}
				wantError(t, gone, groupcommit.ErrNotSent)
				l.nextIs("d:1").ok()
				wantDone(t, next)
				l.close()
			})
		})
	}
}

func TestGoexitInAHalf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{Split: isPoison})
		call, ps := l.startBatch("a:1", "b:1")
		call.fails(errPoison)
		l.nextIs("a:1").does(func() ([]string, error) { runtime.Goexit(); return nil, nil })
		wantError(t, ps[0], groupcommit.ErrOutcomeUnknown)
		l.nextIs("b:1").ok()
		wantDone(t, ps[1])
		l.close()
	})
}

func TestPanicErrorKeepsTheValueOutOfItsText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, config{})
		p := l.do("a:1")
		l.next().does(func() ([]string, error) { panic("sesame") })
		var panicked *groupcommit.PanicError
		if !errors.As(p.err, &panicked) {
			t.Fatalf("Do() = %v, want a PanicError", p.err)
		}
		if panicked.Value != "sesame" || !strings.Contains(string(panicked.Stack), "misbehave_test.go") {
			t.Errorf("PanicError has value %v and stack\n%s", panicked.Value, panicked.Stack)
		}
		if strings.Contains(p.err.Error(), "sesame") {
			t.Errorf("error text %q shows the panic's value", p.err)
		}
		l.close()
	})
}

func TestPanicInKeyIsItsCallers(t *testing.T) {
	l := groupcommit.New(config{
		Key:    func(string) string { panic("no key") },
		Commit: func(_ context.Context, items []string) ([]string, error) { return items, nil },
	})
	func() {
		defer func() {
			if v := recover(); v != "no key" {
				t.Errorf("Do panicked with %v, want Key's panic", v)
			}
		}()
		_, err := l.Do(t.Context(), "a:1")
		t.Errorf("Do() = %v, want a panic", err)
	}()
	if err := l.Close(t.Context()); err != nil {
		t.Errorf("Close() = %v", err)
	}
}
