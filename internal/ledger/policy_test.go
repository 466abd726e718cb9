package ledger_test

import (
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

func TestKeyWhosePlanIsGoneHasNoPolicy(t *testing.T) {
	key := ration.Key{ID: ration.NewKeyID(), Status: ration.StatusActive, Plan: "free"}
	for _, plan := range []ration.Plan{{}, {Name: "Free"}} {
		_, err := ledger.NewPolicy(key, ledger.Plans{Now: plan}, nil, nil, noon)
		if err == nil || !strings.Contains(err.Error(), `its plan "free" does not exist`) {
			t.Errorf("with plan %q: got %v", plan.Name, err)
		}
	}
}

// A limit that this release can't read must neither pass as none nor stop others.
func TestKeyWithAnUnreadableLimitHasNoPolicy(t *testing.T) {
	key := ration.Key{ID: ration.NewKeyID(), Status: ration.StatusActive, Plan: "free"}
	for _, limit := range []ration.Limit{
		{Kind: ration.KindQuota, Period: ration.PeriodSecond},
		{Kind: ration.KindRate, Period: ration.PeriodDay},
		{Kind: ration.KindQuota, Period: "decade"},
		{Kind: "", Period: "decade"},
		{Kind: "", Period: ration.PeriodDay},
	} {
		limit.Meter, limit.Name = ration.MeterRequests, "odd"
		for name, policy := range map[string]func() error{
			"plan": func() error {
				_, err := ledger.NewPolicy(key, ledger.Plans{Now: ration.Plan{Name: "free", Limits: []ration.Limit{limit}}}, nil, nil, noon)
				return err
			},
			"override": func() error {
				_, err := ledger.NewPolicy(key, ledger.Plans{Now: ration.Plan{Name: "free"}}, []ration.Override{{Limit: limit}}, nil, noon)
				return err
			},
		} {
			if err := policy(); err == nil || !strings.Contains(err.Error(), `limit "odd"`) {
				t.Errorf("%s with %s per %s: got %v", name, limit.Kind, limit.Period, err)
			}
		}
	}
}

// A limit of a later release may even share its name with one of the key's own.
func TestKeyWithALimitOfALaterReleaseHasNoPolicy(t *testing.T) {
	key := ration.Key{ID: ration.NewKeyID(), Status: ration.StatusActive, Plan: "free"}
	later := ration.Limit{Meter: ration.MeterRequests, Kind: "sliding", Period: ration.PeriodDay, Name: "requests-sliding-day", Quantity: 10}
	own := later
	own.Kind = ration.KindQuota
	_, err := ledger.NewPolicy(key, ledger.Plans{Now: ration.Plan{Name: "free", Limits: []ration.Limit{later}}}, []ration.Override{{Limit: own}}, nil, noon)
	if err == nil || !strings.Contains(err.Error(), "sliding") {
		t.Errorf("got %v", err)
	}
}

func TestNewPolicyTakesTheKeysZoneFirst(t *testing.T) {
	for _, row := range []struct{ key, plan, want string }{
		{"Asia/Tokyo", "Europe/Rome", "Asia/Tokyo"}, {"", "Europe/Rome", "Europe/Rome"}, {"", "", "UTC"}, {"UTC", "Europe/Rome", "UTC"},
	} {
		policy, err := ledger.NewPolicy(ration.Key{TimeZone: row.key}, ledger.Plans{Now: ration.Plan{TimeZone: row.plan}}, nil, nil, noon)
		if err != nil || policy.Zone.String() != row.want {
			t.Errorf("key %q, plan %q: %v, %v; want %s", row.key, row.plan, policy.Zone, err, row.want)
		}
	}
	if _, err := ledger.NewPolicy(ration.Key{TimeZone: "Mars/Base"}, ledger.Plans{Now: ration.Plan{}}, nil, nil, noon); err == nil {
		t.Error("a zone that does not exist was taken")
	}
}
