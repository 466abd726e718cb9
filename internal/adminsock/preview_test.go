package adminsock_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// TestPreviewThroughTheSocket compares a preview with all that it can have.
func TestPreviewThroughTheSocket(t *testing.T) {
	p := open(t)
	ctx := t.Context()
	if _, err := p.direct.SetMeter(ctx, actor, admin.MeterUnit{Name: "eur", Unit: 2}); err != nil {
		t.Fatal(err)
	}
	plan, err := p.direct.CreatePlan(ctx, actor, admin.NewPlan{Name: "free"})
	if err != nil {
		t.Fatal(err)
	}
	today := ration.DateID(time.Now().UTC().Date())
	for _, name := range []string{"a", "b"} {
		issued, err := p.direct.CreateKey(ctx, actor, admin.NewKey{Name: name, Owner: "o", Plan: "free"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.direct.ImportUsage(ctx, actor, admin.UsageImport{Days: []admin.ImportedDay{
			{KeyID: issued.Key.ID, Meter: ration.MeterRequests, Date: today - 1, Used: 9},
			{KeyID: issued.Key.ID, Meter: "eur", Date: today - 2, Used: 1234, Unit: 2},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	ask := admin.PlanPreview{Patch: admin.PlanPatch{Name: "free", IfUpdatedAt: plan.UpdatedAt}, Keys: &admin.KeyFilter{Owner: "o"}, From: today - 9, To: today, Limit: 1}
	for _, text := range []string{"5/day", "2/hour", "3/lifetime", "1/second", "5.55 eur/month"} {
		limit, err := ration.ParseLimit(text)
		if err != nil {
			t.Fatal(err)
		}
		ask.Patch.SetLimits = append(ask.Patch.SetLimits, limit)
	}
	found := same(p, "preview", func(ops admin.Operations) (admin.PlanPreviewed, error) { return ops.PreviewPlan(ctx, ask) })
	if len(found.Worst) != 1 || found.Refused != 2 || len(found.Worst[0].Limits) != 4 {
		t.Errorf("got %+v, want two keys, one of them with four limits", found)
	}
	ask.Patch.IfUpdatedAt = plan.UpdatedAt.Add(time.Second)
	if _, err := p.remote.PreviewPlan(ctx, ask); !errors.Is(err, ration.ErrChanged) {
		t.Errorf("a version that never was: %v", err)
	}
}
