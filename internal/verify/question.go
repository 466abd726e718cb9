package verify

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/ration-dev/ration"
)

// question is what a caller asks for.
type question struct {
	secret      string
	amounts     amounts
	scope       string
	ip          netip.Addr
	dryRun      bool
	hold        *ration.Hold        // of a reservation; nil: it is none
	idempotency *ration.Idempotency // from the request's header; nil: it has none
}

// parse reads an [api.VerifyRequest], of a reservation an [api.ReserveRequest].
// It takes no member that it doesn't know and none twice: a misspelt "amounts"
// must not cost one request. The meters of amounts are checked by the engine.
func (q *question) parse(body []byte) error {
	return scan(body, q.member)
}

func (q *question) member(name string, s *scanner) error {
	pointer := "/" + escapePointer(name)
	var err error
	switch name {
	case "secret":
		q.secret, err = s.text(pointer)
		q.secret = strings.TrimSpace(q.secret) // a line break of the file it was in; no key's secret begins or ends so
	case "amounts":
		err = q.amounts.read(pointer, s)
	case "scope":
		q.scope, err = s.text(pointer)
	case "ip":
		return q.readIP(pointer, s)
	case "dry_run":
		q.dryRun, err = s.boolean(pointer)
	default:
		if q.hold != nil {
			return q.holdMember(name, pointer, s)
		}
		return invalidBody(pointer, "unknown member; use secret, amounts, scope, ip and dry_run")
	}
	return err
}

// holdMember reads what only a reservation has.
func (q *question) holdMember(name, pointer string, s *scanner) error {
	switch name {
	case "id":
		text, err := s.text(pointer)
		if err != nil || text == "" {
			return err
		}
		if q.hold.ID, err = ration.ParseReservationID(text); err != nil {
			return invalidValue(pointer, "use a version 7 UUID (RFC 9562)")
		}
		return nil
	case "ttl_seconds":
		return q.readTTL(pointer, s)
	case "at_expiry":
		text, err := s.text(pointer)
		q.hold.AtExpiry = ration.AtExpiry(text)
		return err
	}
	return invalidBody(pointer, "unknown member; use secret, amounts, scope, ip, dry_run, id, ttl_seconds and at_expiry")
}

// readTTL takes no 0, which the engine would read as nothing said.
func (q *question) readTTL(pointer string, s *scanner) error {
	const most = int64(ration.MaxReservationTTL / time.Second)
	if s.null() {
		return nil
	}
	seconds, err := s.number()
	if err != nil || seconds.Rounded || seconds.Unit > 0 || seconds.Units < 1 || seconds.Units > most {
		return invalidValue(pointer, "use a whole number of seconds from 1 to "+strconv.FormatInt(most, 10))
	}
	q.hold.TTL = time.Duration(seconds.Units) * time.Second
	return nil
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

// amounts are units by meter, as a body has them.
type amounts struct {
	all     []ration.Amount
	rounded string // one of the meters of which an amount is finer than any unit; empty: none
}

// read reads an object; null is as if it were left out.
func (a *amounts) read(pointer string, s *scanner) error {
	if s.null() {
		return nil
	}
	return s.object(pointer, a.amount)
}

// amount reads one amount. Whatever is no number in range is a wrong value, whatever
// its JSON type.
func (a *amounts) amount(meter string, s *scanner) error {
	number, err := s.number()
	if err != nil {
		return invalidValue(amountPointer(meter), err.Error())
	}
	a.all = append(a.all, number.Amount(meter))
	if number.Rounded {
		a.rounded = meter
	}
	if len(a.all) > ration.MaxMetersPerCharge {
		return invalidValue("/amounts", "a charge can name at most 16 meters, requests included")
	}
	return nil
}
