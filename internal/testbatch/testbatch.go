// Package testbatch makes batches for tests that send them to a store without an
// engine.
package testbatch

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
)

// Item is what tests put into a batch: a value, so that a copy can be changed. It
// is a charge by key id unless End, Refund or Leases is set.
type Item struct {
	ration.Charge
	SecretID ration.SecretID
	End      *ration.End
	Refund   *ration.Receipt
	Leases   *ration.Leases
	LeaseTTL time.Duration
}

// Normalize does what an engine does to an item before it is sent.
func (i Item) Normalize() (Item, error) {
	switch {
	case i.End != nil:
		end := *i.End
		overage, err := ration.ParseOverage(string(end.Overage))
		end.Overage = overage
		end.Amounts = slices.SortedFunc(slices.Values(end.Amounts), func(a, b ration.Amount) int { return ration.CompareMeters(a.Meter, b.Meter) })
		i.End = &end
		return i, err
	case i.Refund != nil, i.Leases != nil:
		return i, nil
	case i.Hold != nil:
		hold, err := i.Hold.Normalize(time.Now())
		if err != nil {
			return i, err
		}
		i.Hold = &hold
	}
	charge, err := i.Charge.Normalize()
	i.Charge = charge
	return i, err
}

func (i Item) entry() ration.Item {
	entry := ration.Item{KeyID: i.KeyID, SecretID: i.SecretID, End: i.End, Refund: i.Refund, Leases: i.Leases, LeaseTTL: i.LeaseTTL}
	if i.End == nil && i.Refund == nil && i.Leases == nil {
		charge := i.Charge
		entry.Token = charge.Token
		charge.KeyID, charge.Token = ration.KeyID{}, ration.Digest{}
		entry.Charge = &charge
	}
	return entry
}

// AsIs makes a batch of items that nobody has validated.
func AsIs(items ...Item) ration.Batch {
	batch := ration.Batch{ID: uuid.New()}
	for _, item := range items {
		batch.Items = append(batch.Items, item.entry())
	}
	return batch
}

// Of makes a batch of normalised items.
func Of(t testing.TB, items ...Item) ration.Batch {
	t.Helper()
	items = slices.Clone(items)
	for i := range items {
		var err error
		if items[i], err = items[i].Normalize(); err != nil {
			t.Fatal(err)
		}
	}
	return AsIs(items...)
}

// Charges makes a batch of charges by key id, normalised.
func Charges(t testing.TB, charges ...ration.Charge) ration.Batch {
	t.Helper()
	items := make([]Item, len(charges))
	for i := range charges {
		items[i].Charge = charges[i]
	}
	return Of(t, items...)
}

// Requests makes a batch of one request for each key.
func Requests(t testing.TB, keys ...ration.KeyID) ration.Batch {
	t.Helper()
	items := make([]Item, len(keys))
	for i := range keys {
		items[i].KeyID = keys[i]
	}
	return Of(t, items...)
}
