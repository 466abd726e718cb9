package ledger_test

import (
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// BenchmarkAccountCharge is the cost of one decision within a batch.
func BenchmarkAccountCharge(b *testing.B) {
	for _, c := range []struct {
		name   string
		limits []string
	}{
		{"no limit", nil},
		{"a daily quota", []string{"1000000000000/day"}},
		{"a rate and two quotas", []string{"1000000000/second", "1000000000000/day", "1000000000000/month"}},
		{"denied", []string{"0/day"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			plan := ration.Plan{Name: "bench"}
			for _, text := range c.limits {
				limit, err := ration.ParseLimit(text)
				if err != nil {
					b.Fatal(err)
				}
				plan.Limits = append(plan.Limits, limit)
			}
			key := ration.Key{ID: ration.NewKeyID(), Status: ration.StatusActive, Plan: plan.Name}
			policy, err := ledger.NewPolicy(key, ledger.Plans{Now: plan}, nil, nil, noon)
			if err != nil {
				b.Fatal(err)
			}
			charge, err := ration.Charge{KeyID: key.ID}.Normalize()
			if err != nil {
				b.Fatal(err)
			}
			account := ledger.NewAccount(policy, nil)
			b.ReportAllocs()
			for b.Loop() {
				account.Decide(&ration.Item{Charge: &charge}, ledger.Clock{Now: noon})
			}
		})
	}
}
