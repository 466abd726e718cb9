package adminsock_test

import (
	"context"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/rationadmin"
)

// between is operations with a charge before each chunk of a change.
type between struct {
	rationadmin.KeysChanger
	charge func()
	chunks int
}

func (b *between) ChangeKeys(ctx context.Context, actor string, change admin.KeysChange) (admin.KeysChanged, error) {
	b.charge()
	b.chunks++
	return b.KeysChanger.ChangeKeys(ctx, actor, change)
}

// TestChargesGoOnBetweenChunksThroughTheSocket: a change of many keys is a
// request per chunk, so that neither the server's writer nor its shutdown waits
// for all of them.
func TestChargesGoOnBetweenChunksThroughTheSocket(t *testing.T) {
	p := open(t)
	var ids []ration.KeyID
	for range 7 {
		issued, err := p.direct.CreateKey(t.Context(), actor, admin.NewKey{Name: "k", Owner: "acme"})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, issued.Key.ID)
	}
	codes := make(map[ration.Code]int)
	charge := func() {
		decisions, err := p.store.Charge(t.Context(), testbatch.Requests(t, ids...))
		if err != nil {
			t.Fatal(err)
		}
		for _, decision := range decisions {
			codes[decision.Code]++
		}
	}
	operations := &between{KeysChanger: p.remote, charge: charge}
	changed, err := rationadmin.ChangeAllKeys(t.Context(), operations, actor, admin.KeysChange{
		Filter: admin.KeyFilter{Owner: "acme", Limit: 3}, Action: admin.ActionDisable,
	})
	if err != nil || changed.Changed != 7 || operations.chunks != 3 {
		t.Fatalf("%+v in %d chunks, %v; want 7 keys in 3 chunks", changed, operations.chunks, err)
	}
	if codes[ration.CodeOK] != 7+4+1 || codes[ration.CodeKeyDisabled] != 0+3+6 {
		t.Errorf("decisions before each chunk: %v; want those of all that came before it", codes)
	}
	charge()
	if codes[ration.CodeKeyDisabled] != 0+3+6+7 {
		t.Errorf("decisions afterwards: %v; want all disabled", codes)
	}
}
