package envoy

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	ratelimitextension "github.com/envoyproxy/go-control-plane/envoy/extensions/common/ratelimit/v3"
	ratelimitv3 "github.com/envoyproxy/go-control-plane/envoy/service/ratelimit/v3"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/numeral"
)

// The keys of a descriptor's entries.
const (
	entrySecret  = "secret"         // what the client sent as its key, such as the header X-API-Key; or
	entryKeyID   = "key_id"         // the key itself
	entryMeter   = "meter"          // what is charged; requests, if there is none
	entryAmount  = "amount"         // of it; hits_addend, if there is none
	entryScope   = "scope"          // that the key must have
	entryAddress = "remote_address" // the client's, for keys with an allow list; what Envoy's own action is called
)

const (
	// maxDescriptors is how many descriptors a request may have.
	maxDescriptors = 64
	// maxKeys is how many keys it may name: each is a transaction of its own.
	maxKeys = 8
)

// holder is what a descriptor says of whom it asks for. Equal holders are charged at once.
type holder struct {
	secret  string
	keyID   ration.KeyID
	scope   string
	address netip.Addr
}

// asked is what a request asks of one holder.
type asked struct {
	holder
	amounts []ration.Amount
	of      []int // the places of the descriptors
	meters  []string
}

// read takes a request apart by holders, in the order in which they come.
func (s *service) read(in *ratelimitv3.RateLimitRequest) ([]*asked, error) {
	descriptors := in.GetDescriptors()
	switch {
	case in.GetDomain() == "":
		return nil, invalid("domain", "a request needs a domain; any will do")
	case len(descriptors) == 0:
		return nil, invalid("descriptors", "a request needs a descriptor")
	case len(descriptors) > maxDescriptors:
		return nil, invalid("descriptors", fmt.Sprintf("a request can have at most %d descriptors", maxDescriptors))
	}
	hits := uint64(in.GetHitsAddend())
	if hits == 0 { // the protocol's default
		hits = 1
	}
	var all []*asked
	for i, descriptor := range descriptors {
		who, amount, err := s.readDescriptor(descriptor, hits)
		if err != nil {
			err.Field = fmt.Sprintf("descriptors[%d].%s", i, err.Field)
			return nil, err
		}
		one := find(all, who)
		if one == nil {
			one = &asked{holder: who}
			all = append(all, one)
		}
		if err := one.add(i, amount); err != nil {
			return nil, err
		}
	}
	if len(all) > maxKeys {
		return nil, invalid("descriptors", fmt.Sprintf("the descriptors of a request can name at most %d keys", maxKeys))
	}
	return all, nil
}

// readDescriptor reads one descriptor. Hits are what it charges if it doesn't say.
func (s *service) readDescriptor(in *ratelimitextension.RateLimitDescriptor, hits uint64) (holder, ration.Amount, *ration.InvalidError) {
	who, amount := holder{}, ration.Amount{Meter: ration.MeterRequests}
	if in.GetLimit() != nil {
		return who, amount, invalid("limit", "a limit belongs to its key or plan; Envoy can't override it")
	}
	if in.GetIsNegativeHits() {
		return who, amount, invalid("is_negative_hits", "nothing is given back here; use a reservation of the verify API for what may not be used")
	}
	if in.GetHitsAddend() != nil {
		hits = in.GetHitsAddend().GetValue()
	}
	if hits > uint64(ration.MaxUnits) {
		return who, amount, invalid("hits_addend", numeral.ErrTooLarge.Error())
	}
	amount.Units = int64(hits)
	seen := make(map[string]bool, len(in.GetEntries()))
	for _, entry := range in.GetEntries() {
		if seen[entry.GetKey()] {
			return who, amount, invalid("entries", fmt.Sprintf("a descriptor can have one entry with the key %q", entry.GetKey()))
		}
		seen[entry.GetKey()] = true
		if err := s.readEntry(entry.GetKey(), entry.GetValue(), &who, &amount); err != nil {
			return who, amount, err
		}
	}
	if seen[entrySecret] == seen[entryKeyID] {
		return who, amount, invalid("entries", "a descriptor needs an entry with the key secret or key_id, and not both")
	}
	return who, amount, nil
}

func (s *service) readEntry(key, value string, who *holder, amount *ration.Amount) (fault *ration.InvalidError) {
	var err error
	switch key {
	case entrySecret:
		who.secret = s.config.Gate.Responder.Sources.Secret(value)
	case entryKeyID:
		who.keyID, err = ration.ParseKeyID(value)
	case entryMeter:
		amount.Meter, err = value, ration.ValidateMeter(value)
	case entryAmount:
		var number numeral.Number
		number, err = numeral.Parse(value)
		amount.Units, amount.Unit = number.Units, number.Unit
	case entryScope:
		who.scope, err = value, ration.ValidateScope(value)
	case entryAddress:
		who.address, err = netip.ParseAddr(value)
	default:
		return invalid("entries", "use entries with the keys secret or key_id, meter, amount, scope and remote_address")
	}
	if err != nil {
		return invalid("entries."+key, reasonOf(err))
	}
	return nil
}

// add adds what the descriptor at a place charges. Of one meter, all that is asked for is
// one amount.
func (a *asked) add(place int, amount ration.Amount) error {
	a.of, a.meters = append(a.of, place), append(a.meters, amount.Meter)
	i := slices.IndexFunc(a.amounts, func(other ration.Amount) bool { return other.Meter == amount.Meter })
	if i < 0 {
		a.amounts = append(a.amounts, amount)
		return nil
	}
	total, err := sum(a.amounts[i], amount)
	a.amounts[i] = total
	return err
}

// sum adds amounts on one meter, in the finer unit of both.
func sum(a, b ration.Amount) (ration.Amount, error) {
	unit := max(a.Unit, b.Unit)
	a, _, errA := a.In(unit)
	b, _, errB := b.In(unit)
	if err := cmp.Or(errA, errB); err != nil {
		return ration.Amount{}, err
	}
	a.Units += b.Units // each is at most MaxUnits
	return a, nil
}

// charge is what the engine is asked for. What no descriptor names is not charged, not
// even a request: one call of a client may be several of this service.
func (a *asked) charge() ration.Charge {
	amounts := a.amounts
	if !slices.Contains(a.meters, ration.MeterRequests) {
		amounts = append(amounts[:len(amounts):len(amounts)], ration.Amount{Meter: ration.MeterRequests})
	}
	return ration.Charge{
		Secret: ration.SecretFromText(a.secret), KeyID: a.keyID, Amounts: amounts, Scope: a.scope, IP: a.address, Via: ViaRateLimit,
	}
}

func find(all []*asked, who holder) *asked {
	for _, one := range all {
		if one.holder == who {
			return one
		}
	}
	return nil
}

func invalid(field, reason string) *ration.InvalidError {
	return &ration.InvalidError{Field: field, Reason: reason}
}

// reasonOf says what would be right, and nothing of what was sent: it may be a secret.
func reasonOf(err error) string {
	if invalid, ok := errors.AsType[*ration.InvalidError](err); ok {
		return invalid.Reason
	}
	if errors.Is(err, numeral.ErrSyntax) || errors.Is(err, numeral.ErrNegative) || errors.Is(err, numeral.ErrTooLarge) {
		return err.Error()
	}
	return `use an address such as "203.0.113.7"`
}
