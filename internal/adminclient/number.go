package adminclient

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
)

// units reads numbers on one meter, all in the greatest unit in which they are whole.
// The wire has no units, only exact numbers.
func units(numbers ...api.Number) (counts []int64, unit ration.Unit, err error) {
	for _, number := range numbers {
		_, decimals, _ := strings.Cut(string(number), ".")
		unit = max(unit, ration.Unit(min(len(decimals), 255)))
	}
	if err := unit.Validate(); err != nil {
		return nil, 0, err
	}
	counts = make([]int64, len(numbers))
	for i, number := range numbers {
		whole, decimals, _ := strings.Cut(string(number), ".")
		text := whole + decimals + strings.Repeat("0", int(unit)-len(decimals))
		if counts[i], err = strconv.ParseInt(text, 10, 64); err != nil {
			return nil, 0, fmt.Errorf("reading the number %.32q: %w", number, err)
		}
	}
	return counts, unit, nil
}

// amount reads a number on a meter.
func amount(meter string, number api.Number) (ration.Amount, error) {
	counts, unit, err := units(number)
	if err != nil {
		return ration.Amount{}, err
	}
	return ration.Amount{Meter: meter, Units: counts[0], Unit: unit}, nil
}
