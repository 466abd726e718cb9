package grant_test

import (
	"errors"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/grant"
	"github.com/ration-dev/ration/rationadmin"
)

// TestJobsOfOtherSessions: sessions without a token are told apart by whose they are.
func TestJobsOfOtherSessions(t *testing.T) {
	onBothStores(t, func(o *office) {
		of := func(name string, owners ...string) admin.Operations {
			return grant.OfSession(admin.Session{Name: name, Actor: "user:" + name, Scopes: []string{"keys"}, Owners: owners}).Operations(o.service)
		}
		job, err := of("ada", ownOwner).StartJob(o.Context(), "", rationadmin.NewJob{Change: &rationadmin.KeysChange{Filter: admin.KeyFilter{Owner: ownOwner}, Action: rationadmin.ActionDisable}})
		if err != nil {
			o.Fatal(err)
		}
		mallory := of("mallory", ownOwner)
		if _, err := mallory.ShowJob(o.Context(), job.ID); !errors.Is(err, ration.ErrNotFound) {
			o.Errorf("another's job is shown: %v", err)
		}
		if _, err := mallory.CancelJob(o.Context(), "", job.ID); !errors.Is(err, ration.ErrNotFound) {
			o.Errorf("another's job is cancelled: %v", err)
		}
		if _, err := of("ada", ownOwner).ShowJob(o.Context(), job.ID); err != nil {
			o.Errorf("the own job: %v", err)
		}
		if _, err := of("root").ShowJob(o.Context(), job.ID); err != nil {
			o.Errorf("a session that sees all: %v", err)
		}
		if _, err := of("ada", ownOwner).CancelJob(o.Context(), "", job.ID); err != nil {
			o.Errorf("cancelling the own job: %v", err)
		}
	})
}
