package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

var changeID, request = [32]byte{1}, [32]byte{2}

// oneTime returns a context in which a change is made once.
func oneTime(t *testing.T) context.Context {
	return admin.WithOnce(t.Context(), &admin.Once{
		ID: changeID, Request: request,
		Seal: func(result any) ([]byte, error) { return fmt.Appendf(nil, "%s", result.(admin.KeyRecord).ID), nil },
	})
}

// Whoever lost the answer to a COMMIT asks again, and gets what was made.
func TestAChangeWhoseAnswerWasLostIsMadeOnce(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]testdb.Cut{"the whole": testdb.CutCommitAnswer, "a half": testdb.CutInsideCommitAnswer} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, w, store, other := wired(t)
			ctx := oneTime(t)
			w.CutNext(cut, 1)
			if _, err := store.CreateKey(ctx, newKey("")); !errors.Is(err, ration.ErrOutcomeUnknown) {
				t.Fatalf("CreateKey = %v, want ErrOutcomeUnknown", err)
			}
			again, err := store.CreateKey(ctx, newKey(""))
			repeated, isRepeated := errors.AsType[*admin.RepeatedError](err)
			if err != nil && !isRepeated {
				t.Fatalf("again: %v", err)
			}
			var keys []string
			for _, id := range ask[[][16]byte](t, d, "SELECT array_agg(id) FROM api_keys WHERE id <> $1", [16]byte(other)) {
				keys = append(keys, ration.KeyID(id).String())
			}
			told := again.ID.String()
			if isRepeated {
				told = string(repeated.Answer)
			}
			if len(keys) != 1 || keys[0] != told {
				t.Errorf("keys %v were made, and %s was told", keys, told)
			}
		})
	}
}

// A call waits for another one that is making the same change, and at last says so.
func TestAChangeThatIsStillBeingMadeIsSaid(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	store, ctx := d.open(t, postgres.Config{}), oneTime(t)
	running, err := connect(t, d.url).Begin(t.Context()) // as another instance's call
	if err != nil {
		t.Fatal(err)
	}
	if _, err := running.Exec(t.Context(), "INSERT INTO admin_answers VALUES ($1, $2, 'its answer', ration_now())", changeID[:], request[:]); err != nil {
		t.Fatal(err)
	}
	if _, err := store.CreateKey(ctx, newKey("")); !errors.Is(err, admin.ErrRunning) {
		t.Errorf("while the other call is running: %v, want ErrRunning", err)
	}
	if err := running.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = store.CreateKey(ctx, newKey(""))
	if repeated, ok := errors.AsType[*admin.RepeatedError](err); !ok || string(repeated.Answer) != "its answer" || repeated.Request != request {
		t.Errorf("afterwards: %v, want the other call's answer", err)
	}
	if got := ask[int](t, d, "SELECT count(*) FROM api_keys"); got != 0 {
		t.Errorf("%d keys, want none", got)
	}
}
