package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// lookAtOnce is how many keys one read looks at, so that none takes long.
const lookAtOnce = 5_000

// repairAtOnce is how many keys one transaction repairs: few, since their charges
// wait for it and each may have many meters.
const repairAtOnce = 20

// Diagnose makes all checks: those of the store, whether there is data from the
// future, and which keys have no limit. Webhooks are checked if there are any.
func (s *Service) Diagnose(ctx context.Context, options DiagnoseOptions) ([]Finding, error) {
	findings, err := s.store.Examine(ctx, options.Deep)
	if err != nil {
		return nil, err
	}
	for _, check := range []func(context.Context) (Finding, error){s.checkAudit, s.checkLimits, s.checkHistory, s.checkInstances, s.checkUsage} {
		finding, err := check(ctx)
		if err != nil {
			return nil, err
		}
		findings = append(findings, finding)
	}
	if finding, found, err := s.checkWebhooks(ctx); err != nil {
		return nil, err
	} else if found {
		findings = append(findings, finding)
	}
	return findings, nil
}

// checkAudit looks at the newest change: a clock that is behind it is wrong now,
// or was then.
func (s *Service) checkAudit(ctx context.Context) (Finding, error) {
	finding := Finding{Check: CheckAudit, State: FindingOK, Detail: "nothing was changed yet"}
	newest, err := s.store.ListAudit(ctx, AuditFilter{Limit: 1})
	if err != nil || len(newest) == 0 {
		return finding, err
	}
	look, err := s.store.KeysAhead(ctx, ration.KeyID{}, 1)
	if err != nil {
		return finding, err
	}
	at := newest[0].At
	finding.Detail = "the newest change was made at " + at.UTC().Format(time.RFC3339)
	if at.Sub(look.Now) > clockTolerance {
		finding.State = FindingWarning
		finding.Detail += ", and the clock is at " + look.Now.UTC().Format(time.RFC3339)
		finding.Advice = "if the clock is behind, set it; if it is right, it was ahead at the time of the change, and there is nothing to do"
	}
	return finding, nil
}

// checkUsage counts the keys that a clock from the future has used.
func (s *Service) checkUsage(ctx context.Context) (Finding, error) {
	finding := Finding{Check: CheckUsage, State: FindingOK, Detail: "no key has used a period that has not begun yet"}
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
		finding.Advice = "make sure that the clock is right; then run 'ration doctor --repair', which moves their usage to the current periods"
	}
	return finding, nil
}

// checkHistory says since when reports are complete.
func (s *Service) checkHistory(ctx context.Context) (Finding, error) {
	finding := Finding{Check: "history", State: FindingOK, Detail: "usage by day is complete from the beginning"}
	since, err := s.store.HistorySince(ctx)
	if since != 0 {
		finding.Detail = "usage by day is complete from " + dateText(since) + " on: earlier days were deleted (history_days)"
	}
	return finding, err
}

func countKeys(n int) string {
	if n == 1 {
		return "1 key has"
	}
	return fmt.Sprintf("%d keys have", n)
}

// RepairUsage looks at the next keys after one, and corrects what a clock that was
// ahead has left on them: see repairMeter. Each key's repair leaves an audit entry. A
// key that can't be read is skipped. Call it until Next is zero. Errors besides those
// of [Operations]: ErrClockSuspect while the clock is in doubt. What was repaired
// before an error stays repaired.
func (s *Service) RepairUsage(ctx context.Context, actor string, after ration.KeyID) (UsageRepaired, error) {
	by, err := authorOf(ctx, actor)
	if err != nil {
		return UsageRepaired{}, err
	}
	look, err := s.store.KeysAhead(ctx, after, lookAtOnce)
	if err != nil {
		return UsageRepaired{}, err
	}
	result := UsageRepaired{Next: look.Last}
	for ids := range slices.Chunk(look.IDs, repairAtOnce) {
		repaired, err := s.repairKeys(ctx, by, ids)
		result.Repaired += repaired
		if err == nil {
			continue
		}
		for _, id := range ids { // each by itself, to find the one that fails
			repaired, err := s.repairKeys(ctx, by, []ration.KeyID{id})
			result.Repaired += repaired
			switch {
			case err != nil && isOfStore(ctx, err):
				return result, err
			case err != nil:
				result.Skipped = append(result.Skipped, SkippedKey{ID: id, Reason: err.Error()})
			}
		}
	}
	return result, nil
}

// isOfStore reports whether an error is one of the store, and not of a key.
func isOfStore(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, ration.ErrClockSuspect) || errors.Is(err, ration.ErrStoreUnavailable) ||
		errors.Is(err, ration.ErrOutcomeUnknown)
}

// repairKeys repairs keys in one transaction and returns how many it has.
func (s *Service) repairKeys(ctx context.Context, by author, ids []ration.KeyID) (int, error) {
	repaired := make(map[ration.KeyID]struct{}, len(ids))
	err := s.store.RepairUsage(ctx, ids, func(repair *UsageRepair) error {
		err := repairKey(by, repair)
		if repaired[repair.KeyID] = struct{}{}; err != nil {
			delete(repaired, repair.KeyID) // of an attempt before
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return len(repaired), nil
}
