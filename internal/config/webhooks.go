package config

import (
	"errors"
	"net/netip"
	"strings"

	"github.com/ration-dev/ration/rationhttp"
)

// parsePrivate reads comma-separated ranges that webhooks may be in although they are not
// public. All addresses can't be named: that would give away what the rule protects, such
// as the credentials that clouds serve to their machines.
func parsePrivate(value string) (prefixes []netip.Prefix, err error) {
	if strings.TrimSpace(value) == "" {
		return nil, nil
	}
	var errs []error
	for item := range strings.SplitSeq(value, ",") {
		item = strings.TrimSpace(item)
		prefix, err := rationhttp.ParseTrustedProxy(item)
		switch {
		case err != nil:
			errs = append(errs, invalid(item, `use addresses and ranges such as "10.1.2.0/24", separated by commas`))
		case prefix.Bits() == 0:
			errs = append(errs, invalid(item, "name the ranges that your receivers are in: all addresses would include the cloud's, which serve credentials"))
		default:
			prefixes = append(prefixes, prefix)
		}
	}
	return prefixes, errors.Join(errs...)
}
