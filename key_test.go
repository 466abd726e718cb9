package ration_test

import (
	"testing"

	"github.com/ration-dev/ration"
)

func TestStatusValid(t *testing.T) {
	for status, want := range map[ration.Status]bool{
		"pending": true, "active": true, "disabled": true, "revoked": true, "rejected": true,
		"": false, "expired": false, "Active": false, "active ": false,
	} {
		if got := status.Valid(); got != want {
			t.Errorf("status %q: %t, want %t", status, got, want)
		}
	}
}
