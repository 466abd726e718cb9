package ration_test

import (
	"context"
	"errors"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationtest"
)

// reserve reserves 5 tokens of a key by an id.
func reserve(t *testing.T, engine *ration.Engine, key ration.KeyID, id ration.ReservationID) ration.Reservation {
	t.Helper()
	decision, err := engine.Charge(t.Context(), ration.Charge{
		KeyID: key, Amounts: []ration.Amount{{Meter: "tokens", Units: 5}}, Hold: &ration.Hold{ID: id},
	})
	if err != nil || decision.Reservation == nil {
		t.Fatalf("got %+v, %v", decision, err)
	}
	return *decision.Reservation
}

// The ids of these tests are of now, by which an engine judges them; the
// fixture's clock is elsewhere.
func TestReservationIsFoundByItsIDAlone(t *testing.T) {
	f := rationtest.New(t, rationtest.Options{})
	key, other := f.Key(rationtest.Key{}), f.Key(rationtest.Key{})
	made := reserve(t, f.Engine, key.ID, ration.ReservationID{})
	for name, of := range map[string]ration.KeyID{"by its id": {}, "by its key too": key.ID} {
		found, err := f.Engine.Reservation(t.Context(), of, made.ID)
		if err != nil || found.ID != made.ID || found.KeyID != key.ID || found.State != ration.ReservationOpen {
			t.Errorf("%s: got %+v, %v", name, found, err)
		}
	}
	for name, asked := range map[string]struct {
		key ration.KeyID
		id  ration.ReservationID
	}{
		"of another key":                       {other.ID, made.ID},
		"of another id":                        {key.ID, ration.NewReservationID()},
		"no id, though there is a reservation": {},
	} {
		if found, err := f.Engine.Reservation(t.Context(), asked.key, asked.id); !errors.Is(err, ration.ErrReservationUnknown) {
			t.Errorf("%s: got %+v, %v", name, found, err)
		}
	}
	if ended, err := f.Engine.Void(t.Context(), ration.KeyID{}, made.ID); err != nil || ended.State != ration.ReservationVoided {
		t.Errorf("ended by its id alone: got %+v, %v", ended, err)
	}
}

func TestReservationsOfOneIDNeedTheirKey(t *testing.T) {
	f := rationtest.New(t, rationtest.Options{})
	first, second, id := f.Key(rationtest.Key{}), f.Key(rationtest.Key{}), ration.NewReservationID()
	reserve(t, f.Engine, first.ID, id)
	reserve(t, f.Engine, second.ID, id)
	_, err := f.Engine.Void(t.Context(), ration.KeyID{}, id)
	if invalid, ok := errors.AsType[*ration.InvalidError](err); !ok || invalid.Field != "key" {
		t.Errorf("got %v; want the key asked for", err)
	}
	if ended, err := f.Engine.Void(t.Context(), second.ID, id); err != nil || ended.KeyID != second.ID {
		t.Errorf("got %+v, %v", ended, err)
	}
	if found, err := f.Engine.Reservation(t.Context(), first.ID, id); err != nil || found.State != ration.ReservationOpen {
		t.Errorf("the other key's: got %+v, %v; want it open", found, err)
	}
}

func TestReservationsNeedTheStore(t *testing.T) {
	f := rationtest.New(t, rationtest.Options{})
	made := reserve(t, f.Engine, f.Key(rationtest.Key{}).ID, ration.ReservationID{})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Engine.Reservation(gone, ration.KeyID{}, made.ID); !errors.Is(err, ration.ErrStoreUnavailable) {
		t.Errorf("a caller who has gone gets %v", err)
	}
	f.BreakStore()
	if _, err := f.Engine.Reservation(t.Context(), ration.KeyID{}, made.ID); !errors.Is(err, ration.ErrStoreUnavailable) {
		t.Errorf("got %v", err)
	}
	if _, err := f.Engine.Void(t.Context(), ration.KeyID{}, made.ID); !errors.Is(err, ration.ErrStoreUnavailable) {
		t.Errorf("ending: got %v", err)
	}
	f.MendStore()
	if found, err := f.Engine.Reservation(t.Context(), ration.KeyID{}, made.ID); err != nil || found.State != ration.ReservationOpen {
		t.Errorf("afterwards: got %+v, %v", found, err)
	}
}
