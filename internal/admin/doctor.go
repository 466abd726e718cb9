package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// DoctorOperations finds what is wrong with a database and puts it right.
type DoctorOperations interface {
	Diagnose(ctx context.Context, options DiagnoseOptions) ([]Finding, error)
	RepairUsage(ctx context.Context, actor string, after ration.KeyID) (UsageRepaired, error)
}

// DiagnoseOptions says how closely to look.
type DiagnoseOptions struct {
	Deep bool // read all of the database
}

// UsageRepaired is what a repair has done to some keys.
type UsageRepaired struct {
	Repaired int          // keys
	Next     ration.KeyID // to go on after; zero: there are no more
}

// CheckUsage is the name of the check that [Service.RepairUsage] puts right.
const CheckUsage = "usage"

// lookAtOnce is how many keys one read looks at, so that none takes long.
const lookAtOnce = 5_000

// repairAtOnce is how many keys one transaction repairs: few, since their charges
// wait for it and each may have many meters.
const repairAtOnce = 20

// Diagnose makes all checks: those of the store, and whether what was written
// is from the future.
func (s *Service) Diagnose(ctx context.Context, options DiagnoseOptions) ([]Finding, error) {
	findings, err := s.store.Examine(ctx, options.Deep)
	if err != nil {
		return nil, err
	}
	for _, check := range []func(context.Context) (Finding, error){s.checkAudit, s.checkUsage} {
		finding, err := check(ctx)
		if err != nil {
			return nil, err
		}
		findings = append(findings, finding)
	}
	return findings, nil
}

// checkAudit looks at the newest change: a clock that is behind it is wrong now,
// or was then.
func (s *Service) checkAudit(ctx context.Context) (Finding, error) {
	finding := Finding{Check: "audit", State: FindingOK, Detail: "nothing was changed yet"}
	newest, err := s.store.ListAudit(ctx, AuditFilter{Limit: 1})
	if err != nil || len(newest) == 0 {
		return finding, err
	}
	look, err := s.store.KeysAhead(ctx, ration.KeyID{}, 1)
	if err != nil {
		return finding, err
	}
	at := newest[0].At
	finding.Detail = "the newest change is of " + at.UTC().Format(time.RFC3339)
	if at.Sub(look.Now) > clockTolerance {
		finding.State = FindingWarning
		finding.Detail += ", and the clock is at " + look.Now.UTC().Format(time.RFC3339)
		finding.Advice = "if the clock is behind, set it; if it is right, it was ahead then and there is nothing to do"
	}
	return finding, nil
}

// checkUsage counts the keys that a clock from the future has used.
func (s *Service) checkUsage(ctx context.Context) (Finding, error) {
	finding := Finding{Check: CheckUsage, State: FindingOK, Detail: "no key has used a period that has not begun"}
	ahead, now, after := 0, time.Time{}, ration.KeyID{}
	for first := true; first || !after.IsZero(); first = false {
		look, err := s.store.KeysAhead(ctx, after, lookAtOnce)
		if err != nil {
			return finding, err
		}
		ahead, now, after = ahead+len(look.IDs), look.Now, look.Last
	}
	if ahead > 0 {
		finding.State = FindingProblem
		finding.Detail = fmt.Sprintf("%s used periods that have not begun: a clock was ahead, or it is behind now; it is at %s",
			countKeys(ahead), now.UTC().Format(time.RFC3339))
		finding.Advice = "make sure that the clock is right; then run 'ration doctor --repair', which moves to the running periods what those have used"
	}
	return finding, nil
}

func countKeys(n int) string {
	if n == 1 {
		return "1 key has"
	}
	return fmt.Sprintf("%d keys have", n)
}

// RepairUsage looks at the next keys after one and puts right what a clock from
// the future has left on them: see repairMeter. Each key's repair leaves an
// audit entry. Call it until Next is zero. Errors besides those of [Operations]:
// ErrClockSuspect while the clock is in doubt. Nothing that was repaired before
// an error is taken back.
func (s *Service) RepairUsage(ctx context.Context, actor string, after ration.KeyID) (UsageRepaired, error) {
	if err := validateActor(actor); err != nil {
		return UsageRepaired{}, err
	}
	look, err := s.store.KeysAhead(ctx, after, lookAtOnce)
	if err != nil {
		return UsageRepaired{}, err
	}
	result := UsageRepaired{Next: look.Last}
	for ids := range slices.Chunk(look.IDs, repairAtOnce) {
		repaired := make(map[ration.KeyID]bool, len(ids))
		err := s.store.RepairUsage(ctx, ids, func(repair *UsageRepair) error {
			err := repairKey(actor, repair)
			repaired[repair.KeyID] = err == nil
			if errors.Is(err, ErrUnchanged) || err == nil {
				return err
			}
			return fmt.Errorf("key %s: %w", repair.KeyID, err)
		})
		if err != nil {
			return result, err
		}
		for _, done := range repaired {
			if done {
				result.Repaired++
			}
		}
	}
	return result, nil
}
