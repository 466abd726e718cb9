package numeral_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/numeral"
)

func TestParse(t *testing.T) {
	for _, row := range []struct {
		text    string
		units   int64
		rounded bool
		err     error
	}{
		{"37", 37, false, nil},
		{"37.0", 37, false, nil},
		{"37.000000000000000000000000", 37, false, nil},
		{"3.7e1", 37, false, nil},
		{"3.7E+1", 37, false, nil},
		{"0.1e1", 1, false, nil},
		{"370e-1", 37, false, nil},
		{"0.000037e6", 37, false, nil},
		{"007", 7, false, nil},
		{"+7", 7, false, nil},
		{"0", 0, false, nil},
		{"-0", 0, false, nil},
		{"-0.0e5", 0, false, nil},
		{"0e999999999999999999999", 0, false, nil},
		{"9007199254740992", ration.MaxUnits, false, nil},
		{"9007199254740992.0", ration.MaxUnits, false, nil},
		{"9.007199254740992e15", ration.MaxUnits, false, nil},
		{"9007199254740991.0", ration.MaxUnits - 1, false, nil},
		{"1e15", 1_000_000_000_000_000, false, nil},
		{strings.Repeat("0", 1000) + "12" + strings.Repeat("0", 1000) + "e-1000", 12, false, nil},

		{"1e-1", 1, true, nil},
		{"3.5", 4, true, nil},
		{"36.0000000000000000000000001", 37, true, nil},
		{"0.002", 1, true, nil},
		{"1e-999999999999999999999", 1, true, nil},
		{"12345e-2", 124, true, nil},
		{"9007199254740991.5", ration.MaxUnits, true, nil},

		{"9007199254740992.1", 0, false, numeral.ErrTooLarge},
		{"9007199254740993", 0, false, numeral.ErrTooLarge},
		{"9007199254740993.0", 0, false, numeral.ErrTooLarge},
		{"9223372036854775807.0", 0, false, numeral.ErrTooLarge},
		{"9223372036854775808", 0, false, numeral.ErrTooLarge},
		{"18446744073709551617", 0, false, numeral.ErrTooLarge},
		{"1e16", 0, false, numeral.ErrTooLarge},
		{"1e400", 0, false, numeral.ErrTooLarge},
		{"1e999999999999999999999", 0, false, numeral.ErrTooLarge},
		{"99999999999999999999", 0, false, numeral.ErrTooLarge},

		{"-1", 0, false, numeral.ErrNegative},
		{"-0.5", 0, false, numeral.ErrNegative},
		{"-1e400", 0, false, numeral.ErrNegative},

		{"", 0, false, numeral.ErrSyntax},
		{"NaN", 0, false, numeral.ErrSyntax},
		{"Infinity", 0, false, numeral.ErrSyntax},
		{"-inf", 0, false, numeral.ErrSyntax},
		{"many", 0, false, numeral.ErrSyntax},
		{`"37"`, 0, false, numeral.ErrSyntax},
		{"null", 0, false, numeral.ErrSyntax},
		{" 37", 0, false, numeral.ErrSyntax},
		{"1,5", 0, false, numeral.ErrSyntax},
		{"1_000", 0, false, numeral.ErrSyntax},
		{"0x10", 0, false, numeral.ErrSyntax},
		{".5", 0, false, numeral.ErrSyntax},
		{"5.", 0, false, numeral.ErrSyntax},
		{"1.2.3", 0, false, numeral.ErrSyntax},
		{"1e", 0, false, numeral.ErrSyntax},
		{"1e1.5", 0, false, numeral.ErrSyntax},
		{"1e1_0", 0, false, numeral.ErrSyntax},
		{"e5", 0, false, numeral.ErrSyntax},
		{"-", 0, false, numeral.ErrSyntax},
		{"+-1", 0, false, numeral.ErrSyntax},
		{"-+1", 0, false, numeral.ErrSyntax},
		{"١", 0, false, numeral.ErrSyntax},
	} {
		got, err := numeral.Parse(row.text)
		whole, exact, _ := got.Amount("meter").In(0)
		if whole.Units != row.units || (got.Rounded || !exact) != row.rounded || !errors.Is(err, row.err) {
			t.Errorf("%.60q: %+v, %v; want %d, rounded %t, %v", row.text, got, err, row.units, row.rounded, row.err)
		}
	}
}

// FuzzParse compares with fractions of math/big.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"37.0", "3.7e1", "-0", "1e-5", "9007199254740992.5", "1e16", "0.000e3", "x", "1e", "+3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := numeral.Parse(text)
		if errors.Is(err, numeral.ErrSyntax) {
			return
		}
		if at := strings.IndexAny(text, "eE"); at >= 0 && len(text)-at > 5 {
			return // math/big would calculate for too long
		}
		exact, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("%q was read, and is no number", text)
		}
		least, rest := new(big.Int).DivMod(exact.Num(), exact.Denom(), new(big.Int))
		if rest.Sign() > 0 {
			least.Add(least, big.NewInt(1))
		}
		switch {
		case exact.Sign() < 0:
			ok = errors.Is(err, numeral.ErrNegative)
		case least.Cmp(big.NewInt(ration.MaxUnits)) > 0:
			ok = errors.Is(err, numeral.ErrTooLarge)
		default:
			whole, wholly, _ := got.Amount("meter").In(0)
			ok = err == nil && (got.Rounded || !wholly) == (rest.Sign() > 0) && least.IsInt64() && whole.Units == least.Int64() && isAbove(got, exact)
		}
		if !ok {
			t.Errorf("%q: %+v, %v; it is %s", text, got, err, least)
		}
	})
}

// isAbove reports whether a number is exactly what it was read from, or, if it was
// rounded, less than one unit above it.
func isAbove(n numeral.Number, exact *big.Rat) bool {
	unit := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n.Unit)), nil))
	above := new(big.Rat).Mul(unit, new(big.Rat).SetInt64(n.Units))
	above.Sub(above, exact)
	if !n.Rounded {
		return above.Sign() == 0
	}
	return above.Sign() > 0 && above.Cmp(unit) < 0
}
