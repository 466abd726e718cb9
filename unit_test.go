package ration_test

import (
	"errors"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
)

// TestAmountsAreReadAsTheyAreShown: what a unit shows is exactly that many units.
func TestAmountsAreReadAsTheyAreShown(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		unit := ration.Unit(rapid.IntRange(0, int(ration.MinUnit)).Draw(rt, "unit"))
		units := rapid.Int64Range(-ration.MaxTotalUnits, ration.MaxTotalUnits).Draw(rt, "units")
		text := unit.Text(units)
		shown, ok := new(big.Rat).SetString(text)
		if !ok {
			rt.Fatalf("%d units of %s are %q", units, unit, text)
		}
		size := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(unit)), nil))
		if want := new(big.Rat).Mul(size, new(big.Rat).SetInt64(units)); shown.Cmp(want) != 0 {
			rt.Errorf("%d units of %s are %s, want %s", units, unit, text, want)
		}
		if units < 0 || units > ration.MaxUnits {
			return
		}
		limit, err := ration.ParseLimit(text + " eur/day")
		if err == nil {
			limit, err = limit.In(unit)
		}
		if err != nil || limit.Quantity != units || limit.String() != text+" eur/day" {
			rt.Errorf("a limit of %s is %d units of %s, %q, %v; want %d", text, limit.Quantity, limit.Unit, limit, err, units)
		}
	})
}

func TestUnitText(t *testing.T) {
	for _, row := range []struct {
		unit  ration.Unit
		units int64
		want  string
	}{
		{0, 0, "0"},
		{0, 1500, "1500"},
		{0, -3, "-3"},
		{3, 0, "0"},
		{3, 1, "0.001"},
		{3, 1500, "1.5"},
		{3, -1500, "-1.5"},
		{3, -1, "-0.001"},
		{3, 1000, "1"},
		{3, 20_000, "20"},
		{3, 20_010, "20.01"},
		{9, ration.MaxUnits, "9007199.254740992"},
		{2, ration.MaxUnits, "90071992547409.92"},
	} {
		if got := row.unit.Text(row.units); got != row.want {
			t.Errorf("%d units of %s are %s, want %s", row.units, row.unit, got, row.want)
		}
	}
}

func TestParseUnit(t *testing.T) {
	for unit := range ration.MinUnit + 1 {
		if got, err := ration.ParseUnit(unit.String()); got != unit || err != nil {
			t.Errorf("%s: %s, %v", unit, got, err)
		}
	}
	for _, text := range []string{"", "0", "0.10", "0.5", "10", "1.0", "1e-3", ".1", "-1", "0.0000000001", "0,1"} {
		if _, err := ration.ParseUnit(text); !errors.As(err, new(*ration.InvalidError)) {
			t.Errorf("%q: %v, want an InvalidError", text, err)
		}
	}
}

// TestAmountsAreRoundedUp compares with fractions of math/big.
func TestAmountsAreRoundedUp(t *testing.T) {
	power := func(unit ration.Unit) *big.Int {
		return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(unit)), nil)
	}
	rapid.Check(t, func(rt *rapid.T) {
		from, to := ration.Unit(rapid.IntRange(0, 9).Draw(rt, "from")), ration.Unit(rapid.IntRange(0, 9).Draw(rt, "to"))
		amount := ration.Amount{Meter: "eur", Units: rapid.Int64Range(0, 1<<62).Draw(rt, "units"), Unit: from}
		want, rest := new(big.Int).DivMod(new(big.Int).Mul(big.NewInt(amount.Units), power(to)), power(from), new(big.Int))
		if rest.Sign() > 0 {
			want.Add(want, big.NewInt(1))
		}
		got, exact, err := amount.In(to)
		if want.Cmp(big.NewInt(ration.MaxUnits)) > 0 {
			if err == nil {
				rt.Errorf("%s in units of %s: %d, want an error", amount.Text(), to, got.Units)
			}
			return
		}
		if err != nil || got.Units != want.Int64() || got.Unit != to || exact != (rest.Sign() == 0) {
			rt.Errorf("%s in units of %s: %+v, exact %t, %v; want %s", amount.Text(), to, got, exact, err, want)
		}
	})
}

func TestLimitsWithDecimals(t *testing.T) {
	for text, want := range map[string]string{
		"12.50 eur/day": "12.5 eur/day", "1_000.5 eur/day": "1000.5 eur/day", "0.5 s/second burst 2.250": "0.5 s/second burst 2.25", "2.0/day": "2/day",
		"9007199254740.992 eur/day": "9007199254740.992 eur/day",
	} {
		limit, err := ration.ParseLimit(text)
		if err != nil || limit.String() != want {
			t.Errorf("%q is %q, %v; want %q", text, limit, err, want)
		}
	}
	for _, text := range []string{"1.5/day", "1.5 eur at once", "1. eur/day", ".5 eur/day", "1.2.3 eur/day", "-1.5 eur/day", "1.-5 eur/day", "1e3 eur/day", "0.0000000001 eur/day", "9007199254740.993 eur/day", "9007199254740992 eur/second burst 0.001"} {
		if limit, err := ration.ParseLimit(text); err == nil {
			t.Errorf("%q is read as %s", text, limit)
		}
	}
}
