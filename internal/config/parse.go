package config

import (
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/cors"
	"github.com/ration-dev/ration/internal/inputfile"
	"github.com/ration-dev/ration/internal/redact"
	"github.com/ration-dev/ration/rationhttp"
)

func parseAddress(value string) (string, error) {
	const form = `use host:port, such as "127.0.0.1:8080"; the port is 0 (any) to 65535`
	_, port, err := net.SplitHostPort(value)
	if err != nil {
		return "", invalid(value, form)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", invalid(value, form)
	}
	return value, nil
}

// parseUpstream allows a path, which requests are put behind.
func parseUpstream(value string) (*url.URL, error) {
	if value == "" {
		return nil, nil //nolint:nilnil // no upstream is a valid value
	}
	location, err := url.Parse(value)
	switch {
	case redact.Holds(value): // whose parts no message may show
		return nil, invalid("", "use a URL without user name and password, such as http://127.0.0.1:8000")
	case isHostPort(value):
		return nil, invalid(value, `the scheme is missing; use "http://`+value+`"`)
	case err != nil || location.User != nil:
		return nil, invalid("", "use a URL without user name and password, such as http://127.0.0.1:8000")
	case location.Scheme != "http" && location.Scheme != "https", location.Hostname() == "":
		return nil, invalid(value, "use an http:// or https:// URL with a host, such as http://127.0.0.1:8000")
	case location.RawQuery != "" || location.ForceQuery || location.Fragment != "":
		return nil, invalid("", "use a URL without query and fragment") // which may hold a token
	}
	return location, nil
}

// isHostPort recognises a URL without its scheme.
func isHostPort(value string) bool {
	host, port, err := net.SplitHostPort(value)
	if err != nil || host == "" || strings.ContainsAny(value, "/@?#") {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

func parseDuration(value string, least, most time.Duration) (time.Duration, error) {
	duration, err := time.ParseDuration(value)
	if err != nil || duration < least || duration > most {
		return 0, invalid(value, `use a time from `+durationText(least)+` to `+durationText(most)+`, such as "30s" or "5m"`)
	}
	return duration, nil
}

// durationText writes a duration as people do: 24h, not 24h0m0s.
func durationText(d time.Duration) string {
	text := d.String()
	if short, whole := strings.CutSuffix(text, "m0s"); whole {
		text = short + "m"
	}
	if short, whole := strings.CutSuffix(text, "h0m"); whole {
		text = short + "h"
	}
	return text
}

func parseInteger(value string, least, most int) (int, error) {
	number, err := strconv.Atoi(value)
	if err != nil || number < least || number > most || value[0] == '+' {
		return 0, invalid(value, "use a whole number from "+strconv.Itoa(least)+" to "+strconv.Itoa(most))
	}
	return number, nil
}

// leastEventsDays is longer than attempts to send an event to a webhook go on.
const leastEventsDays = 4

func parseEventsDays(value string) (int, error) {
	days, err := parseInteger(value, 0, 36500)
	if err == nil && days != 0 && days < leastEventsDays {
		err = invalid(value, "use at least "+strconv.Itoa(leastEventsDays)+", because attempts to send an event to a webhook go on for 3 days, or 0 to keep events for ever")
	}
	return days, err
}

// mostOfAnything is more than anybody needs of what is bounded.
const mostOfAnything = 1_000_000

// parseBound reads a bound of which 0 lifts it, and returns -1 for that.
func parseBound(value string) (int, error) {
	number, err := parseInteger(value, 0, mostOfAnything)
	if number == 0 && err == nil {
		return -1, nil
	}
	return number, err
}

func parseBool(value string) (bool, error) {
	if value != "true" && value != "false" {
		return false, invalid(value, "use true or false")
	}
	return value == "true", nil
}

func parseChoice(value string, choices ...string) (string, error) {
	if !slices.Contains(choices, value) {
		return "", invalid(value, "use "+strings.Join(choices, ", "))
	}
	return value, nil
}

func parseOver(value string) (ration.Overage, error) {
	if value == "" { // it means refuse to a settlement; whoever sets it says what they mean
		return "", invalid(value, "use refuse, clamp or overage")
	}
	return ration.ParseOverage(value)
}

func parseLevel(value string) (level slog.Level, err error) {
	if _, err := parseChoice(value, "debug", "info", "warn", "error"); err != nil {
		return 0, err
	}
	err = level.UnmarshalText([]byte(value))
	return level, err
}

// parseProxies reads comma-separated ranges. All addresses, and so many that they
// are as good as all, must be asked for by name: whoever is trusted can claim to be any client.
func parseProxies(value string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	var named rationhttp.TrustedProxies
	var errs []error
	for item := range strings.SplitSeq(value, ",") {
		item = strings.TrimSpace(item)
		if item == "any" {
			prefixes = append(prefixes, netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0"))
			continue
		}
		if item == "" && value == "" {
			break
		}
		prefix, err := rationhttp.ParseTrustedProxy(item)
		switch {
		case err != nil:
			errs = append(errs, invalid(item, `use addresses and ranges such as "10.0.0.0/8", separated by commas`))
			continue
		case prefix.Bits() == 0:
			errs = append(errs, invalid(item, `write "any" to trust every address`))
			continue
		}
		named = append(named, prefix)
		if named.HoldMost() {
			return nil, errors.Join(append(errs, invalid(item, `with what stands before it, half of all addresses and more would be trusted; write "any" to trust every address`))...)
		}
	}
	return append(prefixes, named...), errors.Join(errs...)
}

// parseHeaderNames reads comma-separated names of headers.
func parseHeaderNames(value string) ([]string, error) {
	if value == "" {
		return nil, nil
	}
	var names []string
	var errs []error
	for item := range strings.SplitSeq(value, ",") {
		name, err := parseFieldName(strings.TrimSpace(item))
		names, errs = append(names, name), append(errs, err)
	}
	return names, errors.Join(errs...)
}

// parseOrigins reads comma-separated origins; none: pages of other origins can't call.
func parseOrigins(value string) ([]string, error) {
	if value == "" {
		return nil, nil
	}
	origins := strings.Split(value, ",")
	errs := make([]error, len(origins))
	for i, origin := range origins {
		origins[i] = strings.TrimSpace(origin)
		errs[i] = cors.CheckOrigin(origins[i])
	}
	return origins, errors.Join(errs...)
}

// parseRefunds reads comma-separated outcomes; none: nothing is given back.
func parseRefunds(value string) (rationhttp.Refunds, error) {
	var outcomes []string
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.TrimSpace(item); item != "" || value != "" {
			outcomes = append(outcomes, item)
		}
	}
	return rationhttp.ParseRefunds(outcomes)
}

// parseFieldName reads the name of an HTTP header (RFC 9110, "token").
func parseFieldName(value string) (string, error) {
	if !isToken(value) {
		return "", invalid(value, `use the name of a header, such as "X-API-Key"`)
	}
	return value, nil
}

func isToken(value string) bool {
	const others = "!#$%&'*+-.^_`|~"
	return value != "" && len(value) <= 100 && !strings.ContainsFunc(value, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune(others, r)
	})
}

// parseParameter reads the name of a query parameter.
func parseParameter(value string) (string, error) {
	if value != "" && !isToken(value) {
		return "", invalid(value, `use letters, digits and "-_.~", such as "api_key"`)
	}
	return value, nil
}

// leastHistoryDays is what a running month, refunds and a repair need, and more.
const leastHistoryDays = 100

// parseHistoryDays reads for how many days history is kept; 0: for ever.
func parseHistoryDays(value string) (int, error) {
	days, err := parseInteger(value, 0, 36500)
	if err == nil && days > 0 && days < leastHistoryDays {
		return 0, invalid(value, "use 0 (for ever) or a whole number from "+strconv.Itoa(leastHistoryDays)+" to 36500")
	}
	return days, err
}

// mostThresholds is how many thresholds of limits there may be.
const mostThresholds = 10

// parseThresholds reads percents of limits, and returns each once, from the lowest on.
func parseThresholds(value string) ([]int, error) {
	percents := []int{}
	if strings.TrimSpace(value) == "none" {
		return percents, nil
	}
	for text := range strings.SplitSeq(value, ",") {
		percent, err := parseInteger(strings.TrimSpace(text), 1, 100)
		if err != nil {
			return nil, invalid(value, "use percentages from 1 to 100, such as 80,100, or none")
		}
		percents = append(percents, percent)
	}
	slices.Sort(percents)
	if percents = slices.Compact(percents); len(percents) > mostThresholds {
		return nil, invalid(value, "use at most "+strconv.Itoa(mostThresholds)+" percentages")
	}
	return percents, nil
}

func parseSecretPrefix(value string) (string, error) {
	return value, ration.ValidateSecretPrefix(value)
}

// maxSecretFile bounds what is read of a file with a secret.
const maxSecretFile = 64 << 10

// readSecretFile reads a file that only its owner can read, without the end of its
// last line.
func readSecretFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, invalid(path, reasonOf(err))
	case !info.Mode().IsRegular():
		return nil, invalid(path, "use a regular file")
	case openToOthers(path, info.Mode()):
		return nil, invalid(path, "other users can read it; run chmod 600 on it")
	}
	secret, err := inputfile.Read(path, maxSecretFile)
	if err != nil {
		return nil, invalid(path, reasonOf(err))
	}
	return []byte(strings.TrimRight(string(secret), "\r\n")), nil
}

// openToOthers tells whether others than its owner can use a file. A credential
// of systemd shows rights of the group, which are the mask of the list by which
// only the service gets in.
func openToOthers(path string, mode fs.FileMode) bool {
	if strings.HasPrefix(filepath.Clean(path), "/run/credentials/") {
		return mode.Perm()&0o037 != 0
	}
	return mode.Perm()&0o077 != 0
}

// ReadPrivate reads a file that only its owner may be able to read. Errors: one that is
// [fs.ErrNotExist], and what is wrong with the file.
func ReadPrivate(path string) ([]byte, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	text, err := readSecretFile(path)
	if fault, ok := errors.AsType[*ration.InvalidError](err); ok {
		return nil, errors.New(fault.Reason)
	}
	return text, err
}
