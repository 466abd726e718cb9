package storedjson_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/storedjson"
)

var noon = time.Date(2026, 7, 15, 12, 0, 0, 123456000, time.UTC)

func posting(meter string, units int64) ration.Posting {
	return ration.Posting{Meter: meter, Units: units, Periods: [4]ration.PeriodID{
		ration.HourID(noon), ration.DateID(2026, 7, 15), ration.DateID(2026, 7, 13), ration.DateID(2026, 7, 1),
	}}
}

func limits() []ration.LimitStatus {
	return []ration.LimitStatus{
		{
			Limit: ration.Limit{Name: "requests-day", Meter: "requests", Kind: ration.KindQuota, Period: ration.PeriodDay, Quantity: 1000},
			Used:  7, Reserved: 3, Remaining: 990, ResetsAt: noon.Add(time.Hour), AvailableAt: noon.Add(time.Hour),
		},
		{
			Limit: ration.Limit{Name: "tokens-rate-second", Meter: "tokens", Kind: ration.KindRate, Period: ration.PeriodSecond, Quantity: 5, Burst: 9},
			Used:  1, Remaining: 8, ResetsAt: noon.Add(time.Microsecond), AvailableAt: noon,
		},
		{
			Limit:     ration.Limit{Name: "tokens-lifetime", Meter: "tokens", Kind: ration.KindQuota, Period: ration.PeriodLifetime, Quantity: ration.MaxUnits},
			Remaining: ration.MaxUnits,
		},
	}
}

const (
	goldenPostings = `[{"meter":"requests","units":1,"hour":"2026-07-15T12:00:00Z","day":"2026-07-15","week":"2026-07-13","month":"2026-07-01"},` +
		`{"meter":"tokens","units":9007199254740992,"hour":"2026-07-15T12:00:00Z","day":"2026-07-15","week":"2026-07-13","month":"2026-07-01"}]`
	goldenLimits = `[{"name":"requests-day","meter":"requests","kind":"quota","period":"day","quantity":1000,"used":7,"reserved":3,"remaining":990,` +
		`"resets_at":"2026-07-15T13:00:00.123456Z","available_at":"2026-07-15T13:00:00.123456Z"},` +
		`{"name":"tokens-rate-second","meter":"tokens","kind":"rate","period":"second","quantity":5,"burst":9,"used":1,"reserved":0,"remaining":8,` +
		`"resets_at":"2026-07-15T12:00:00.123457Z","available_at":"2026-07-15T12:00:00.123456Z"},` +
		`{"name":"tokens-lifetime","meter":"tokens","kind":"quota","period":"lifetime","quantity":9007199254740992,"used":0,"reserved":0,"remaining":9007199254740992}]`
	goldenAnswer = `{"limits":` + goldenLimits + `,"reservation":{"id":"01980d3f-8a00-7000-8000-00000000002a","at_expiry":"release",` +
		`"held":` + goldenPostings + `,"created_at":"2026-07-15T12:00:00.123456Z","expires_at":"2026-07-15T12:15:00.123456Z"}}`
)

// TestWhatIsStoredStaysTheSame compares with text as databases have it: what an
// earlier release wrote must be read by a later one.
func TestWhatIsStoredStaysTheSame(t *testing.T) {
	id, err := ration.ParseReservationID("01980d3f-8a00-7000-8000-00000000002a")
	if err != nil {
		t.Fatal(err)
	}
	held := []ration.Posting{posting("requests", 1), posting("tokens", ration.MaxUnits)}
	reservation := &ration.Reservation{ID: id, AtExpiry: ration.AtExpiryRelease, Held: held, CreatedAt: noon, ExpiresAt: noon.Add(15 * time.Minute)}
	for _, row := range []struct{ what, got, want string }{
		{"postings", storedjson.Postings(held), goldenPostings},
		{"amounts", storedjson.Amounts([]ration.Amount{{Meter: "requests", Units: 1}, {Meter: "tokens"}}), `[{"meter":"requests","units":1},{"meter":"tokens","units":0}]`},
		{"nothing used", storedjson.Amounts([]ration.Amount{}), `[]`},
		{"nothing told", storedjson.Amounts(nil), ``},
		{"limits", storedjson.Limits(limits()), goldenLimits},
		{"no limits", storedjson.Limits(nil), `[]`},
		{"answer", storedjson.Answer(&ledger.Replay{Limits: limits(), Reservation: reservation}), goldenAnswer},
		{"answer to a charge", storedjson.Answer(&ledger.Replay{}), `{"limits":[]}`},
	} {
		if diff := cmp.Diff(row.want, row.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.what, diff)
		}
	}
	replay := ledger.Replay{Key: "k", CreatedAt: noon, Fingerprint: ration.Fingerprint{1}}
	key := ration.NewKeyID()
	if err := storedjson.ReadAnswer([]byte(goldenAnswer), key, &replay); err != nil {
		t.Fatal(err)
	}
	reservation.KeyID, reservation.State, reservation.Fingerprint, reservation.Limits = key, ration.ReservationOpen, replay.Fingerprint, limits()
	want := ledger.Replay{Key: "k", CreatedAt: noon, Fingerprint: ration.Fingerprint{1}, Limits: limits(), Reservation: reservation}
	if diff := cmp.Diff(want, replay); diff != "" {
		t.Errorf("answer as read (-want +got):\n%s", diff)
	}
}

var (
	drawText  = rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"requests", "", "\xff", "nul\x00", `"\`, "<&>\u2028"}))
	drawUnits = rapid.OneOf(rapid.Int64Range(0, 9), rapid.Int64Range(0, math.MaxInt64))
	// Days from 1970 to the end of 9999.
	drawDate = rapid.Map(rapid.Int32Range(0, 2932896), func(d int32) ration.PeriodID { return ration.PeriodID(d) })
	drawTime = rapid.OneOf(rapid.Just(time.Time{}), rapid.Map(rapid.Int64Range(0, 253402300799999999), func(µs int64) time.Time { return time.UnixMicro(µs).UTC() }))
)

// drawValid draws UTF-8, which validation sees to.
var drawValid = rapid.Map(drawText, func(s string) string { return string([]rune(s)) })

var drawPostings = rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) ration.Posting {
	p := ration.Posting{Meter: drawValid.Draw(rt, "meter"), Units: drawUnits.Draw(rt, "units")}
	p.Periods[0] = ration.PeriodID(rapid.Int32Range(0, 70389527).Draw(rt, "hour"))
	for i := 1; i < 4; i++ {
		p.Periods[i] = drawDate.Draw(rt, "period")
	}
	return p
}), 1, 4)

var drawLimits = rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) ration.LimitStatus {
	return ration.LimitStatus{
		Limit: ration.Limit{
			Name: drawValid.Draw(rt, "name"), Meter: drawValid.Draw(rt, "meter"), Kind: ration.Kind(drawValid.Draw(rt, "kind")),
			Period: ration.Period(drawValid.Draw(rt, "period")), Quantity: drawUnits.Draw(rt, "quantity"), Burst: drawUnits.Draw(rt, "burst"),
		},
		Used: drawUnits.Draw(rt, "used"), Reserved: drawUnits.Draw(rt, "reserved"), Remaining: drawUnits.Draw(rt, "remaining"),
		ResetsAt: drawTime.Draw(rt, "resets"), AvailableAt: drawTime.Draw(rt, "available"),
	}
}), 0, 4)

func TestWhatIsStoredComesBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		same := func(what string, want, got any, err error) {
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
				rt.Errorf("%s: %v (-want +got):\n%s", what, err, diff)
			}
		}
		held, statuses := drawPostings.Draw(rt, "held"), drawLimits.Draw(rt, "limits")
		gotHeld, err := storedjson.ReadPostings([]byte(storedjson.Postings(held)))
		same("postings", held, gotHeld, err)
		gotLimits, err := storedjson.ReadLimits([]byte(storedjson.Limits(statuses)))
		same("limits", statuses, gotLimits, err)
		var settled []ration.Amount
		for _, p := range held {
			settled = append(settled, ration.Amount{Meter: p.Meter, Units: p.Units})
		}
		gotSettled, err := storedjson.ReadAmounts([]byte(storedjson.Amounts(settled)))
		same("amounts", settled, gotSettled, err)
		if gotSettled == nil != (settled == nil) {
			rt.Errorf("nothing told and nothing used are one: %v, %v", settled, gotSettled)
		}
		replay := ledger.Replay{Key: "k", CreatedAt: noon, Limits: statuses}
		key := ration.NewKeyID()
		if rapid.Bool().Draw(rt, "hold") {
			replay.Reservation = &ration.Reservation{
				ID: ration.NewReservationID(), KeyID: key, State: ration.ReservationOpen, AtExpiry: ration.AtExpiryKeep, Held: held,
				CreatedAt: drawTime.Draw(rt, "created"), ExpiresAt: drawTime.Draw(rt, "expires"), Limits: statuses,
			}
		}
		got := ledger.Replay{Key: "k", CreatedAt: noon}
		err = storedjson.ReadAnswer([]byte(storedjson.Answer(&replay)), key, &got)
		same("answer", replay, got, err)
	})
}

// TestMalformedTextIsAnError reads what somebody else has put into a database.
func TestMalformedTextIsAnError(t *testing.T) {
	reads := map[string]func([]byte) error{
		"postings": func(text []byte) error { _, err := storedjson.ReadPostings(text); return err },
		"amounts":  func(text []byte) error { _, err := storedjson.ReadAmounts(text); return err },
		"limits":   func(text []byte) error { _, err := storedjson.ReadLimits(text); return err },
		"answer":   func(text []byte) error { return storedjson.ReadAnswer(text, ration.KeyID{}, &ledger.Replay{}) },
	}
	for what, texts := range map[string][]string{
		"postings": {"", "x", "{}", "[]", "null", "[1]", `"`, `[{"units":"1"}]`, `[{"units":1.5}]`, `[{"units":1e30}]`, `[{"day":"2026-02-30"}]`, `[{"hour":"noon"}]`, "[]]"},
		"amounts":  {"x", "{}", "[1]", `[{"meter":1}]`, `[{"units":9223372036854775808}]`, "[]]"},
		"limits":   {"", "{}", `[{"resets_at":"never"}]`, `[{"used":true}]`},
		"answer":   {"", "[]", `{"limits":{}}`, `{"reservation":{"id":"x"}}`, `{"reservation":{}}`, `{"reservation":{"id":"01980d3f-8a00-7000-8000-00000000002a","held":[{"week":1}]}}`},
	} {
		for _, text := range texts {
			if err := reads[what]([]byte(text)); err == nil {
				t.Errorf("%s: %s is taken", what, text)
			}
		}
	}
	rapid.Check(t, func(rt *rapid.T) { // whatever it is, it is no panic
		golden := rapid.SampledFrom([]string{goldenPostings, goldenLimits, goldenAnswer, `[]`, `null`, `{"limits":null,"reservation":null}`}).Draw(rt, "text")
		from := rapid.IntRange(0, len(golden)).Draw(rt, "from")
		to := rapid.IntRange(from, len(golden)).Draw(rt, "to")
		text := golden[:from] + rapid.String().Draw(rt, "instead") + golden[to:]
		for _, read := range reads {
			_ = read([]byte(text))
		}
	})
}
