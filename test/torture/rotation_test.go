package torture_test

import (
	"testing"
	"time"

	"github.com/ration-dev/ration/test/torture"
)

// TestRotationWithoutAnAnswer: nobody knows the secret that a lost rotation has made, so the
// next one makes the second, whichever of both was admitted.
func TestRotationWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	at := time.Duration(0)
	op := func(kind torture.Kind, outcome torture.Outcome, change func(*torture.Operation)) torture.Operation {
		at += 10 * time.Millisecond
		op := torture.Operation{Kind: kind, Outcome: outcome, Called: at, Returned: at + 5*time.Millisecond, Standing: -1}
		change(&op)
		return op
	}
	with := func(secret int) func(*torture.Operation) { return func(op *torture.Operation) { op.Secret = secret } }
	charge := func(secret int, standing int64) func(*torture.Operation) {
		return func(op *torture.Operation) { op.Secret, op.Units, op.Standing, op.Limit = secret, 1, standing, 10 }
	}
	refused := func(op *torture.Operation) { op.Units, op.Code = 1, "key_revoked" }
	history := func(last int) *torture.Evidence {
		at = 0
		return &torture.Evidence{Subjects: []*torture.Subject{{Key: "key", Class: torture.Register, Limit: 10, Recorded: 1, Counted: 1, Days: []torture.Day{{Date: "0001-01-01", Used: 1}}, Operations: []torture.Operation{
			op(torture.Rotate, torture.Unknown, with(0)), op(torture.Charge, torture.Denied, refused),
			op(torture.Rotate, torture.Done, with(1)), op(torture.Charge, torture.Done, charge(last, 1)),
		}}}}
	}
	if found := torture.Check(history(2)); len(found.Violations) > 0 {
		t.Errorf("the secret of the second rotation: %q", found.Violations)
	}
	if found := torture.Check(history(1)); len(found.Violations) == 0 {
		t.Error("nothing is found where the secret of the first rotation was admitted after the second")
	}
}
