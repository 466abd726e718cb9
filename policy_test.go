package ration_test

import (
	"strings"
	"testing"

	"github.com/ration-dev/ration"
)

func TestKeyWhosePlanIsGoneHasNoPolicy(t *testing.T) {
	key := ration.Key{ID: ration.NewKeyID(), Status: ration.StatusActive, Plan: "free"}
	for _, plan := range []ration.Plan{{}, {Name: "Free"}} {
		_, err := ration.NewPolicy(key, plan, nil, nil, noon)
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
				_, err := ration.NewPolicy(key, ration.Plan{Name: "free", Limits: []ration.Limit{limit}}, nil, nil, noon)
				return err
			},
			"override": func() error {
				_, err := ration.NewPolicy(key, ration.Plan{Name: "free"}, []ration.Override{{Limit: limit}}, nil, noon)
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
	_, err := ration.NewPolicy(key, ration.Plan{Name: "free", Limits: []ration.Limit{later}}, []ration.Override{{Limit: own}}, nil, noon)
	if err == nil || !strings.Contains(err.Error(), "sliding") {
		t.Errorf("got %v", err)
	}
}
