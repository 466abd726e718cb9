package ration

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

const (
	// MaxMetersPerCharge is the most meters that one charge may name, requests
	// included.
	MaxMetersPerCharge = 16
	maxScopeLength     = 100
)

// Amount is a number of units on a meter. Its Unit says what one of them is. It may
// differ from the meter's own unit: what is charged is the same amount in the meter's
// unit, rounded up, 0 … [MaxUnits].
type Amount struct {
	Meter string
	Units int64
	Unit  Unit
}

// Charge asks for amounts in the name of a key. Every limit of the key on those
// meters applies: either all of them are charged, or none is.
type Charge struct {
	Secret  Secret     // what the client sent; or
	KeyID   KeyID      // the key itself, where the caller knows it without a secret
	Amounts []Amount   // nil: one request. Unless an amount names requests, 1 request is charged
	Scope   string     // a scope that the key must have; empty: none
	IP      netip.Addr // the client's address, for keys with an allow list; zero: unknown, so such keys are refused
	DryRun  bool       // decide and change nothing
	Via     string     // the integration it came through, for logs and metrics

	// InFlight says that what is charged goes on after the decision, such as a request
	// or a WebSocket: the charge takes a slot of each concurrent limit on its meters
	// and keeps it until [Engine.Release]. A charge with a Hold takes slots too, until
	// its reservation ends. Any other charge is refused if no slot is free, but takes
	// none.
	InFlight bool

	Hold        *Hold        // reserve the amounts instead of using them; nil: use them
	Idempotency *Idempotency // answer a repeated charge with its first decision; nil: decide every charge anew
	Refundable  bool         // answer with a receipt, for a later refund
	Request     *RequestInfo // for the request log; nil: nothing is known

	// Token is the digest of the service token in whose name the charge is asked for. The
	// transaction that decides checks it: if the token is not valid then, the error is
	// [ErrTokenInvalid]. No transaction checks the token of a charge whose secret belongs
	// to no key. Zero: none has to be checked.
	Token Digest
}

// Normalize checks the charge and returns it with complete amounts: sorted, requests
// first, each meter once. Its error is an [InvalidError]. It does not change the
// caller's slice.
func (c Charge) Normalize() (Charge, error) {
	if len(c.Secret.Reveal()) > MaxSecretLength {
		return Charge{}, &InvalidError{Field: "secret", Reason: fmt.Sprintf("a secret has at most %d bytes", MaxSecretLength)}
	}
	if c.Secret.IsZero() == c.KeyID.IsZero() {
		return Charge{}, &InvalidError{Field: "secret", Reason: "a charge needs a secret or a key id, and not both"}
	}
	if c.Scope != "" {
		if err := ValidateScope(c.Scope); err != nil {
			return Charge{}, err
		}
	}
	if c.Idempotency != nil {
		if err := c.Idempotency.validate(); err != nil {
			return Charge{}, err
		}
		c.Idempotency = c.Idempotency.shortened()
	}
	c.Via = storable(c.Via)
	if c.Request != nil {
		c.Request = c.Request.normalize()
	}
	amounts, err := normalizeAmounts(c.Amounts)
	c.Amounts = amounts
	c.IP = c.IP.Unmap().WithZone("")
	return c, err
}

// ValidateScope returns an error unless scope can name a scope: 1 to 100 visible
// ASCII characters, except '"' and '\' (RFC 6749, section 3.3).
func ValidateScope(scope string) error {
	valid := scope != "" && len(scope) <= maxScopeLength
	for i := 0; i < len(scope) && valid; i++ {
		c := scope[i]
		valid = c > ' ' && c < 0x7f && c != '"' && c != '\\'
	}
	if !valid {
		return &InvalidError{Field: "scope", Value: scope, Reason: `a scope is 1 to 100 visible ASCII characters without '"' and '\'`}
	}
	return nil
}

// oneRequest is shared by all charges that name no amounts; nobody changes it.
var oneRequest = []Amount{{Meter: MeterRequests, Units: 1}}

func normalizeAmounts(amounts []Amount) ([]Amount, error) {
	if len(amounts) == 0 {
		return oneRequest, nil
	}
	sorted := slices.Clone(amounts)
	if !slices.ContainsFunc(sorted, func(a Amount) bool { return a.Meter == MeterRequests }) {
		sorted = append(sorted, oneRequest[0])
	}
	if len(sorted) > MaxMetersPerCharge {
		return nil, tooManyMeters()
	}
	return sortAmounts(sorted)
}

// sortAmounts checks amounts and sorts them in place, requests first.
func sortAmounts(sorted []Amount) ([]Amount, error) {
	slices.SortFunc(sorted, func(a, b Amount) int { return CompareMeters(a.Meter, b.Meter) })
	for i, amount := range sorted {
		if err := ValidateMeter(amount.Meter); err != nil {
			return nil, err
		}
		if err := amount.Unit.Validate(); err != nil {
			return nil, err
		}
		if whole, _, _ := rescale(amount.Units, amount.Unit, 0); amount.Units < 0 || whole > MaxUnits {
			return nil, &InvalidError{Field: "amounts." + amount.Meter, Value: amount.Text(), Reason: Unit(0).bounds()}
		}
		if i > 0 && sorted[i-1].Meter == amount.Meter {
			return nil, &InvalidError{Field: "amounts." + amount.Meter, Reason: "a charge can name each meter only once"}
		}
	}
	return sorted, nil
}

// RequestInfo describes a request for the request log. No decision depends on it, and
// it holds no secret.
type RequestInfo struct {
	Method string
	Route  string // the name of the route that matched, not the path
	ID     string // the request's id in other logs
}

// maxRequestInfo is how much of each text is logged, in bytes.
const maxRequestInfo = 256

// normalize replaces what no database can store: the texts may be a client's, and
// must not fail a batch.
func (i *RequestInfo) normalize() *RequestInfo {
	info := RequestInfo{storable(i.Method), storable(i.Route), storable(i.ID)}
	if info == *i {
		return i
	}
	return &info
}

func storable(text string) string {
	if len(text) > maxRequestInfo {
		text = text[:maxRequestInfo]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
