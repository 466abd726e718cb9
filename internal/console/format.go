package console

import (
	"encoding/json"
	"fmt"
	"html/template"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ration-dev/ration"
)

// functions are what templates can call.
var functions = template.FuncMap{
	"asset":     func(name string) string { return assetNames[name] },
	"count":     countAny,
	"at":        func(t time.Time, zone string) moment { return moment{t, zone} },
	"utc":       func(t time.Time) moment { return moment{t, ""} },
	"json":      toJSON,
	"date":      func(day ration.PeriodID) string { return day.Date().Format("2 Jan 2006") },
	"words":     func(code string) string { return strings.ReplaceAll(code, "_", " ") },
	"span":      span,
	"dict":      dict,
	"size":      sizeText,
	"jobName":   jobName,
	"jobBar":    jobBar,
	"jobCounts": jobCounts,
	"units":     func(unit ration.Unit, units int64) string { return grouped(unit.Text(units)) },
	"limit":     func(limit fmt.Stringer) string { return grouped(limit.String()) },
	"planPath":  planPath,
	"list":      func(items ...any) []any { return items },
}

// count writes a number with separators of thousands.
func count[N int | int64](number N) string {
	text := strconv.FormatInt(int64(number), 10)
	digits := strings.TrimPrefix(text, "-")
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	if number < 0 {
		return "-" + digits
	}
	return digits
}

var digits = regexp.MustCompile(`[0-9]+`)

// grouped writes amounts in a text, such as that of a limit, as count writes numbers.
// Digits of a name stay as they are.
func grouped(text string) string {
	var written strings.Builder
	last := 0
	for _, at := range digits.FindAllStringIndex(text, -1) {
		before, after := text[:at[0]], text[at[1]:]
		begins := before == "" || strings.ContainsAny(before[len(before)-1:], " /")
		ends := after == "" || strings.ContainsAny(after[:1], " /.")
		number, err := strconv.ParseInt(text[at[0]:at[1]], 10, 64)
		if begins && ends && err == nil {
			written.WriteString(text[last:at[0]] + count(number))
			last = at[1]
		}
	}
	return written.String() + text[last:]
}

// moment is a time and the zone of the key that it is about; empty: UTC.
type moment struct {
	time.Time
	Zone string
}

// Machine returns the time for programs.
func (m moment) Machine() string { return m.UTC().Format(time.RFC3339) }

// Text returns the time for people, in the zone. A script writes it anew in the zone that
// the visitor has chosen.
func (m moment) Text() string {
	zone, err := time.LoadLocation(m.Zone)
	if err != nil {
		zone = time.UTC
	}
	return m.In(zone).Format("2 Jan 2006, 15:04 MST")
}

// toJSON writes a value for an attribute that a script reads.
func toJSON(value any) (string, error) {
	text, err := json.Marshal(value)
	return string(text), err
}

// dict makes a map for a template that needs several values.
func dict(pairs ...any) map[string]any {
	made := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		name, _ := pairs[i].(string)
		made[name] = pairs[i+1]
	}
	return made
}

// countAny is count for templates, which tell the kinds of integers apart.
func countAny(number any) (string, error) {
	switch number := number.(type) {
	case int:
		return count(number), nil
	case int64:
		return count(number), nil
	}
	return "", fmt.Errorf("%T is no count", number)
}

// span writes how long something takes, with two units at most.
func span(length time.Duration) string {
	units := []struct {
		name string
		size time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}}
	length = max(length, time.Second)
	for i, unit := range units {
		if length < unit.size {
			continue
		}
		text := strconv.FormatInt(int64(length/unit.size), 10) + " " + unit.name
		if i+1 < len(units) {
			if rest := length % unit.size / units[i+1].size; rest > 0 {
				text += " " + strconv.FormatInt(int64(rest), 10) + " " + units[i+1].name
			}
		}
		return text
	}
	return ""
}
