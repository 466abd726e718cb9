package verify

import (
	"net/netip"
	"strconv"

	"github.com/ration-dev/ration"
)

// question is a checked request body.
type question struct {
	secret  string
	amounts []ration.Amount
	scope   string
	ip      netip.Addr
	dryRun  bool
}

// parseQuestion reads an [api.VerifyRequest]. It takes no member that it
// doesn't know and none twice: a misspelt "amounts" must not cost one request.
// The meters of amounts are checked by the engine.
func parseQuestion(body []byte) (question, error) {
	var q question
	s, err := newScanner(body)
	if err != nil {
		return q, err
	}
	return q, s.object("", q.member)
}

func (q *question) member(name string, s *scanner) error {
	pointer := "/" + escapePointer(name)
	var err error
	switch name {
	case "secret":
		q.secret, err = s.text(pointer)
	case "amounts":
		if s.null() {
			return nil
		}
		return s.object(pointer, q.amount)
	case "scope":
		q.scope, err = s.text(pointer)
	case "ip":
		return q.readIP(pointer, s)
	case "dry_run":
		q.dryRun, err = s.boolean(pointer)
	default:
		return invalidBody(pointer, "there is no such member; use secret, amounts, scope, ip and dry_run")
	}
	return err
}

func (q *question) readIP(pointer string, s *scanner) error {
	text, err := s.text(pointer)
	if err != nil || text == "" {
		return err
	}
	if q.ip, err = netip.ParseAddr(text); err != nil {
		return invalidValue(pointer, `use an address such as "203.0.113.7"`)
	}
	return nil
}

// amount reads one amount. Whatever is no whole number in range is a wrong
// value, whatever its JSON type.
func (q *question) amount(meter string, s *scanner) error {
	literal := s.raw()
	units, err := strconv.ParseInt(string(literal), 10, 64)
	if err != nil || units < 0 || units > ration.MaxUnits || literal[0] == '-' {
		return invalidValue(amountPointer(meter), "use a whole number from 0 to 9007199254740992")
	}
	q.amounts = append(q.amounts, ration.Amount{Meter: meter, Units: units})
	if len(q.amounts) > ration.MaxMetersPerCharge {
		return invalidValue("/amounts", "a charge names at most 16 meters, requests included")
	}
	return nil
}
