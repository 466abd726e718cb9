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
