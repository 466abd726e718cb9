package ration_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
)

func TestParseReservationID(t *testing.T) {
	id := ration.NewReservationID()
	if got, err := ration.ParseReservationID(id.String()); err != nil || got != id {
		t.Errorf("%s, %v; want %s", got, err, id)
	}
	for _, text := range []string{
		"", "x", id.String() + "0", "{" + id.String() + "}", "urn:uuid:" + id.String(), strings.ReplaceAll(id.String(), "-", ""),
		"00000000-0000-0000-0000-000000000000", "9b2f0f7a-4b9e-4d6f-8f0e-0c8c3c6a7d10", // the one of version 4
		"01980000-0000-7000-c000-000000000000", "key_" + id.String(), "0198000g-0000-7000-8000-000000000000",
	} {
		if got, err := ration.ParseReservationID(text); err == nil {
			t.Errorf("%q is taken for %s", text, got)
		}
		kept := id
		if err := kept.UnmarshalText([]byte(text)); err == nil || kept != id {
			t.Errorf("%q is unmarshalled as %s, %v", text, kept, err)
		}
	}
}

func TestHoldIsCompletedAndChecked(t *testing.T) {
	now := time.Now()
	at := func(d time.Duration) ration.ReservationID { // a version 7 id begins with its milliseconds
		id := ration.NewReservationID()
		ms := now.Add(d).UnixMilli()
		for i := range 6 {
			id[5-i] = byte(ms >> (8 * i))
		}
		return id
	}
	for _, row := range []struct {
		name string
		hold ration.Hold
		want string // the field that is wrong
	}{
		{"nothing said", ration.Hold{}, ""},
		{"shortest", ration.Hold{TTL: time.Second}, ""},
		{"longest", ration.Hold{TTL: ration.MaxReservationTTL, AtExpiry: ration.AtExpiryRelease}, ""},
		{"too short", ration.Hold{TTL: time.Second - 1}, "ttl"},
		{"too long", ration.Hold{TTL: ration.MaxReservationTTL + 1}, "ttl"},
		{"negative", ration.Hold{TTL: -time.Second}, "ttl"},
		{"unknown end", ration.Hold{AtExpiry: "forget"}, "at_expiry"},
		{"an id of now", ration.Hold{ID: at(0)}, ""},
		{"an id of almost a day ago", ration.Hold{ID: at(-24*time.Hour + time.Second)}, ""},
		{"an id of more than a day ago", ration.Hold{ID: at(-24*time.Hour - time.Second)}, "id"},
		{"an id of soon", ration.Hold{ID: at(10*time.Minute - time.Second)}, ""},
		{"an id of the future", ration.Hold{ID: at(10*time.Minute + time.Second)}, "id"},
		{"an id of 1970", ration.Hold{ID: at(-now.Sub(time.UnixMilli(0)))}, "id"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := row.hold.Normalize(now)
			if row.want != "" {
				wantInvalid(t, err, row.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.ID.IsZero() || !row.hold.ID.IsZero() && got.ID != row.hold.ID || got.TTL == 0 || got.AtExpiry == "" {
				t.Errorf("completed to %+v", got)
			}
			if again, err := got.Normalize(now); err != nil || again != got {
				t.Errorf("completed again to %+v, %v", again, err)
			}
		})
	}
}

func TestParseOver(t *testing.T) {
	for text, want := range map[string]ration.Overage{"": ration.OverageRefuse, "refuse": ration.OverageRefuse, "clamp": ration.OverageClamp, "overage": ration.OverageAllow} {
		if got, err := ration.ParseOverage(text); err != nil || got != want {
			t.Errorf("%q is %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"Clamp", " refuse", "count", "\x00"} {
		_, err := ration.ParseOverage(text)
		wantInvalid(t, err, "over")
	}
}

func TestIdempotencyKeysAreChecked(t *testing.T) {
	for _, row := range []struct {
		key   string
		valid bool
	}{
		{"k", true},
		{" ", true},
		{"ünïcode ☃", true},
		{strings.Repeat("x", 255), true},
		{"☃" + strings.Repeat("x", 252), true},
		{"", false},
		{strings.Repeat("x", 256), false},
		{"☃" + strings.Repeat("x", 253), false},
		{"nul\x00", false},
		{"line\n", false},
		{"\x7f", false},
		{"\u0085", false},
		{"\xff", false},
		{"half\xe2\x98", false},
	} {
		_, err := ration.Charge{KeyID: ration.NewKeyID(), Idempotency: &ration.Idempotency{Key: row.key}}.Normalize()
		if row.valid && err != nil {
			t.Errorf("%q: %v", row.key, err)
		}
		if !row.valid {
			wantInvalid(t, err, "idempotency_key")
		}
	}
}

// wantInvalid wants an error about a field.
func wantInvalid(t *testing.T, err error, field string) {
	t.Helper()
	var invalid *ration.InvalidError
	if !errors.As(err, &invalid) || invalid.Field != field {
		t.Errorf("error %v, want one about %s", err, field)
	}
}

func TestLongTextsThatChargesAreAboutAreShortenedAndToldApart(t *testing.T) {
	about := func(text string) string {
		t.Helper()
		charge := ration.Charge{KeyID: ration.NewKeyID(), Idempotency: &ration.Idempotency{Key: "k", About: text}}
		once, err := charge.Normalize()
		if err != nil {
			t.Fatal(err)
		}
		twice, err := once.Normalize()
		if err != nil {
			t.Fatal(err)
		}
		if once.Idempotency.About != twice.Idempotency.About || charge.Idempotency.About != text {
			t.Errorf("normalised once %q, twice %q, and the caller's is %q", once.Idempotency.About, twice.Idempotency.About, charge.Idempotency.About)
		}
		return once.Idempotency.About
	}
	path := "GET /" + strings.Repeat("a", 30_000)
	if one, other := about(path+"1"), about(path+"2"); one == other || len(one) > 64 {
		t.Errorf("about %q and %q", one, other)
	}
	if got := about("GET /short"); got != "GET /short" {
		t.Errorf("about %q, want it as it was", got)
	}
}
