package ledger_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// write does to a row what a store does with a MeterWrite.
func write(usage ledger.Usage, writes []ledger.MeterWrite) ledger.Usage {
	for _, write := range writes {
		entry := usage.Meter(write.Meter)
		if entry == nil {
			usage = append(usage, ledger.MeterUsage{Meter: write.Meter})
			entry = &usage[len(usage)-1]
		}
		entry.Used += write.Used
		entry.Reserved += write.Reserved
		entry.Denied += write.Denied
		entry.Rates = write.Rates
		for i, window := range write.Windows {
			if window.ID == entry.Windows[i].ID {
				window.Used += entry.Windows[i].Used
				window.Reserved += entry.Windows[i].Reserved
			}
			entry.Windows[i] = window
		}
		if entry.FirstRequestAt.IsZero() {
			entry.FirstRequestAt = write.FirstRequestAt
		}
		if !write.LastRequestAt.IsZero() {
			entry.LastRequestAt = write.LastRequestAt
		}
	}
	return usage
}

// TestBatchFoldsToChargesOneByOne writes what batches leave to be written, and
// compares decisions and usage with charging one by one. So does the history.
func TestBatchFoldsToChargesOneByOne(t *testing.T) {
	type day struct {
		meter string
		date  ration.PeriodID
	}
	type count struct{ used, denied int64 }
	rapid.Check(t, func(rt *rapid.T) {
		policy, now := drawPolicy(rt), noon
		var folded, single ledger.Usage
		foldedDays, singleDays := map[day]count{}, map[day]count{}
		for range rapid.IntRange(1, 6).Draw(rt, "batches") {
			now = now.Add(drawStep(rt) - drawStep(rt)/4)
			clock := ledger.Clock{Now: now}
			account := ledger.NewAccount(policy, folded.Clone())
			for range rapid.IntRange(1, 12).Draw(rt, "charges") {
				charge := drawCharge(rt)
				charge.DryRun = rapid.IntRange(0, 9).Draw(rt, "dry") == 0
				want, changes := ledger.Decide(&policy, single, &charge, ration.SecretID{}, clock)
				single = single.Apply(changes)
				for _, change := range changes.Meters {
					c := singleDays[day{change.Meter, change.Day}]
					singleDays[day{change.Meter, change.Day}] = count{c.used + change.Units, c.denied + change.Denied}
				}
				if diff := cmp.Diff(want, account.Decide(&ration.Item{Charge: &charge}, clock)); diff != "" {
					rt.Fatalf("decision (-one by one +in a batch):\n%s", diff)
				}
			}
			writes := account.Writes()
			folded = write(folded, writes)
			for _, w := range writes {
				for _, d := range w.Days() {
					c := foldedDays[day{w.Meter, d.Date}]
					foldedDays[day{w.Meter, d.Date}] = count{c.used + d.Used, c.denied + d.Denied}
				}
			}
			if diff := cmp.Diff(single, folded, equateEmpty); diff != "" {
				rt.Fatalf("usage (-one by one +in batches):\n%s", diff)
			}
		}
		if diff := cmp.Diff(singleDays, foldedDays, cmp.AllowUnexported(day{}, count{})); diff != "" {
			rt.Fatalf("history (-one by one +in batches):\n%s", diff)
		}
	})
}

func TestAccountWritesOnlyWhatChanged(t *testing.T) {
	a := newAccount(t, "1/day")
	dry := ration.Charge{Amounts: []ration.Amount{amount("requests", 1)}, DryRun: true}
	account := ledger.NewAccount(a.policy, nil)
	account.Decide(&ration.Item{Charge: &dry}, ledger.Clock{Now: noon})
	suspect := ration.Charge{Amounts: []ration.Amount{amount("requests", 1)}}
	if got := account.Decide(&ration.Item{Charge: &suspect}, ledger.Clock{Now: noon, Suspect: true}).Code; got != ration.CodeClockSuspect {
		t.Errorf("code %s, want %s", got, ration.CodeClockSuspect)
	}
	if writes := account.Writes(); len(writes) > 0 {
		t.Errorf("writes %+v, want none", writes)
	}
}

func TestAccountNotesSecretsOnceAMinute(t *testing.T) {
	used, fresh, idle := ration.NewSecretID(), ration.NewSecretID(), ration.NewSecretID()
	for _, row := range []struct {
		name string
		last time.Time // use of the secret before
		want int       // times that it is noted in a batch
	}{
		{"never used", time.Time{}, 1},
		{"used a minute ago", noon.Add(-time.Minute), 1},
		{"used less than a minute ago", noon.Add(-time.Minute + 1), 0},
		{"used in the future", noon.Add(time.Hour), 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			policy := newAccount(t, "100/day").policy
			policy.Secrets = []ration.SecretState{{ID: used, LastUsedAt: row.last}, {ID: fresh, LastUsedAt: noon}, {ID: idle}}
			account := ledger.NewAccount(policy, nil)
			for _, id := range []ration.SecretID{used, fresh, used, {}} {
				charge := ration.Charge{Amounts: []ration.Amount{amount("requests", 1)}}
				account.Decide(&ration.Item{SecretID: id, Charge: &charge}, ledger.Clock{Now: noon})
			}
			denied := ration.Charge{Amounts: []ration.Amount{amount("requests", 1000)}}
			account.Decide(&ration.Item{SecretID: idle, Charge: &denied}, ledger.Clock{Now: noon})
			dry := ration.Charge{Amounts: []ration.Amount{amount("requests", 1)}, DryRun: true}
			account.Decide(&ration.Item{SecretID: idle, Charge: &dry}, ledger.Clock{Now: noon})
			if got := account.SecretsUsed(); len(got) != row.want || row.want == 1 && got[0] != used {
				t.Errorf("noted %v, want %s %d times", got, used, row.want)
			}
		})
	}
}
