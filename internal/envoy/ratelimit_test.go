package envoy_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	ratelimitextension "github.com/envoyproxy/go-control-plane/envoy/extensions/common/ratelimit/v3"
	ratelimitv3 "github.com/envoyproxy/go-control-plane/envoy/service/ratelimit/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/envoy"
	"github.com/ration-dev/ration/rationtest"
)

const (
	ok   = ratelimitv3.RateLimitResponse_OK
	over = ratelimitv3.RateLimitResponse_OVER_LIMIT
)

// wantCodes checks the overall code, and each status's in the order of descriptors.
func wantCodes(t *testing.T, got *ratelimitv3.RateLimitResponse, overall ratelimitv3.RateLimitResponse_Code, each ...ratelimitv3.RateLimitResponse_Code) {
	t.Helper()
	if got.GetOverallCode() != overall || len(got.GetStatuses()) != len(each) {
		t.Fatalf("%v, want %v with %d statuses", got, overall, len(each))
	}
	for i, want := range each {
		if got.GetStatuses()[i].GetCode() != want {
			t.Errorf("status %d is %v, want %v", i, got.GetStatuses()[i], want)
		}
	}
}

// wantUsed checks what a key has used of meters, written as meter, units, meter, units …
func (a *asked) wantUsed(id ration.KeyID, meter string, want int64) {
	a.Helper()
	if used, _ := a.Used(id, meter); used != want {
		a.Errorf("%d of %s are used, want %d", used, meter, want)
	}
	if held := a.Reserved(id, meter); held != 0 {
		a.Errorf("%d of %s are still reserved", held, meter)
	}
}

func header(answer *ratelimitv3.RateLimitResponse, name string) string {
	for _, field := range answer.GetResponseHeadersToAdd() {
		if strings.EqualFold(field.GetKey(), name) {
			return field.GetValue()
		}
	}
	return ""
}

func TestADescriptorChargesItsKey(t *testing.T) {
	a := newAsked(t)
	key := a.Key(rationtest.Key{Limits: []string{"3/day", "100 tokens/month"}})
	secret, id := key.Secret.Reveal(), key.ID.String()

	first := a.mustLimit(descriptor("secret", secret))
	wantCodes(t, first, ok, ok)
	one := first.GetStatuses()[0]
	if one.GetCurrentLimit().GetName() != "requests-day" || one.GetCurrentLimit().GetRequestsPerUnit() != 3 ||
		one.GetCurrentLimit().GetUnit() != ratelimitv3.RateLimitResponse_RateLimit_DAY || one.GetLimitRemaining() != 2 ||
		one.GetDurationUntilReset().AsDuration() != 12*time.Hour {
		t.Errorf("the status is %v", one)
	}
	if got := header(first, "RateLimit"); !strings.Contains(got, `"requests-day";r=2;t=43200`) {
		t.Errorf("RateLimit is %q", got)
	}

	wantCodes(t, a.mustLimit(descriptor("key_id", id)), ok, ok)
	wantCodes(t, a.mustLimit(descriptor("secret", "Bearer "+secret)), ok, ok)
	refused := a.mustLimit(descriptor("secret", secret))
	wantCodes(t, refused, over, over)
	if body := string(refused.GetRawBody()); !strings.Contains(body, `"quota_exceeded"`) || header(refused, "Retry-After") != "43200" || header(refused, "Content-Type") != "application/problem+json" {
		t.Errorf("the client is told %s with %v", body, refused.GetResponseHeadersToAdd())
	}
	a.wantUsed(key.ID, "requests", 3)
	if _, denied := a.Used(key.ID, "requests"); denied != 1 {
		t.Errorf("%d are denied, want 1", denied)
	}
	if last := a.events[len(a.events)-1]; last.Via != envoy.ViaRateLimit || last.Code != ration.CodeQuotaExceeded || last.KeyID != key.ID {
		t.Errorf("the last event is %+v", last)
	}
}

// TestAmountsAreThoseOfTheDescriptor with each way to say how much, and its neighbours.
func TestAmountsAreThoseOfTheDescriptor(t *testing.T) {
	for name, row := range map[string]struct {
		hits             uint32
		descriptor       func(id string) *ratelimitextension.RateLimitDescriptor
		requests, tokens int64
	}{
		"nothing":                   {0, func(id string) *ratelimitextension.RateLimitDescriptor { return descriptor("key_id", id) }, 1, 0},
		"hits of the request":       {7, func(id string) *ratelimitextension.RateLimitDescriptor { return descriptor("key_id", id) }, 7, 0},
		"hits of the descriptor":    {7, func(id string) *ratelimitextension.RateLimitDescriptor { return withHits(descriptor("key_id", id), 5) }, 5, 0},
		"no hits of the descriptor": {7, func(id string) *ratelimitextension.RateLimitDescriptor { return withHits(descriptor("key_id", id), 0) }, 0, 0},
		"a meter alone": {3, func(id string) *ratelimitextension.RateLimitDescriptor {
			return descriptor("key_id", id, "meter", "tokens")
		}, 0, 3},
		"an amount": {3, func(id string) *ratelimitextension.RateLimitDescriptor {
			return descriptor("key_id", id, "meter", "tokens", "amount", "12")
		}, 0, 12},
		"an amount of zero": {3, func(id string) *ratelimitextension.RateLimitDescriptor {
			return descriptor("key_id", id, "meter", "tokens", "amount", "0")
		}, 0, 0},
		"an amount with an exponent": {3, func(id string) *ratelimitextension.RateLimitDescriptor {
			return descriptor("amount", "2e1", "meter", "tokens", "key_id", id)
		}, 0, 20},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAsked(t)
			key := a.Key(rationtest.Key{})
			if answer, err := a.limit(&ratelimitv3.RateLimitRequest{HitsAddend: row.hits, Descriptors: []*ratelimitextension.RateLimitDescriptor{row.descriptor(key.ID.String())}}); err != nil || answer.GetOverallCode() != ok {
				t.Fatalf("%v, %v", answer, err)
			}
			a.wantUsed(key.ID, "requests", row.requests)
			a.wantUsed(key.ID, "tokens", row.tokens)
		})
	}
}

func TestSeveralDescriptorsAreAllOrNone(t *testing.T) {
	a := newAsked(t)
	key := a.Key(rationtest.Key{Limits: []string{"10/day", "5 tokens/day"}})
	other := a.Key(rationtest.Key{Limits: []string{"2/day"}})
	mine := []string{"key_id", key.ID.String()}
	tokens := func(n uint64) *ratelimitextension.RateLimitDescriptor {
		return withHits(descriptor(append(mine, "meter", "tokens")...), n)
	}

	wantCodes(t, a.mustLimit(descriptor(mine...), tokens(4)), ok, ok, ok)
	wantCodes(t, a.mustLimit(descriptor(mine...), tokens(2)), over, ok, over)
	a.wantUsed(key.ID, "requests", 1)
	a.wantUsed(key.ID, "tokens", 4)

	// One meter in two descriptors is one amount.
	wantCodes(t, a.mustLimit(withHits(descriptor(mine...), 4), withHits(descriptor(mine...), 5)), ok, ok, ok)
	a.wantUsed(key.ID, "requests", 10)

	// Of two keys too, in either order, and nothing stays reserved.
	wantCodes(t, a.mustLimit(descriptor("secret", other.Secret.Reveal()), tokens(1)), ok, ok, ok)
	wantCodes(t, a.mustLimit(descriptor("key_id", other.ID.String()), tokens(1)), over, ok, over)
	wantCodes(t, a.mustLimit(tokens(1), descriptor("key_id", other.ID.String())), over, over, ok)
	a.wantUsed(key.ID, "tokens", 5)
	a.wantUsed(other.ID, "requests", 1)
	wantCodes(t, a.mustLimit(descriptor("key_id", other.ID.String()), descriptor("secret", "nobody's")), over, ok, over)
	a.wantUsed(other.ID, "requests", 1)
}

// TestAKeyThatIsNamedInTwoWaysIsTwoCharges, all or none as of two keys.
func TestAKeyThatIsNamedInTwoWaysIsTwoCharges(t *testing.T) {
	a := newAsked(t)
	for limit, row := range map[string]struct {
		want ratelimitv3.RateLimitResponse_Code
		used int64
	}{"2/day": {ok, 2}, "1/day": {over, 0}, "1 at once": {over, 0}} {
		key := a.Key(rationtest.Key{Limits: []string{limit}})
		answer := a.mustLimit(descriptor("key_id", key.ID.String()), descriptor("secret", key.Secret.Reveal()))
		if answer.GetOverallCode() != row.want {
			t.Errorf("%s: %v, want %v", limit, answer, row.want)
		}
		a.wantUsed(key.ID, "requests", row.used)
	}
}

// TestWhoMayNotCallIsOverItsLimit, for the filter knows no other refusal, and the body says
// why.
func TestWhoMayNotCallIsOverItsLimit(t *testing.T) {
	a := newAsked(t)
	revoked, scoped := a.Key(rationtest.Key{}), a.Key(rationtest.Key{Scopes: []string{"read"}})
	a.Revoke(revoked.ID)
	for want, one := range map[string]*ratelimitextension.RateLimitDescriptor{
		"key_missing":        descriptor("secret", " "),
		"key_unknown":        descriptor("secret", "rk_made_up"),
		"key_revoked":        descriptor("secret", revoked.Secret.Reveal()),
		"insufficient_scope": descriptor("secret", scoped.Secret.Reveal(), "scope", "write"),
	} {
		answer := a.mustLimit(one)
		wantCodes(t, answer, over, over)
		if body := string(answer.GetRawBody()); !strings.Contains(body, `"`+want+`"`) || !strings.Contains(body, `"status":429`) || header(answer, "WWW-Authenticate") != "" {
			t.Errorf("%s: the client is told %s with %v", want, body, answer.GetResponseHeadersToAdd())
		}
	}
	wantCodes(t, a.mustLimit(descriptor("secret", scoped.Secret.Reveal(), "scope", "read")), ok, ok)
}

func TestWhatCannotBeAskedIsRefused(t *testing.T) {
	a := newAsked(t)
	key := a.Key(rationtest.Key{})
	id, secret := key.ID.String(), key.Secret.Reveal()
	one := func(d *ratelimitextension.RateLimitDescriptor) []*ratelimitextension.RateLimitDescriptor {
		return []*ratelimitextension.RateLimitDescriptor{d}
	}
	limited := descriptor("key_id", id)
	limited.Limit = &ratelimitextension.RateLimitDescriptor_RateLimitOverride{RequestsPerUnit: 1}
	negative := descriptor("key_id", id)
	negative.IsNegativeHits = true
	var many, keys []*ratelimitextension.RateLimitDescriptor
	for range 65 {
		many = append(many, descriptor("key_id", id))
	}
	for range 9 {
		keys = append(keys, descriptor("key_id", ration.NewKeyID().String()))
	}
	for want, descriptors := range map[string][]*ratelimitextension.RateLimitDescriptor{
		"needs a descriptor":         nil,
		"descriptors[0].entries: a":  one(descriptor("meter", "tokens")),
		"and not both":               one(descriptor("secret", secret, "key_id", id)),
		"use entries":                one(descriptor("key_id", id, "cost", "1")),
		"one entry":                  one(descriptor("key_id", id, "meter", "a", "meter", "b")),
		"entries.key_id: a key id":   one(descriptor("key_id", secret)),
		"entries.meter":              one(descriptor("key_id", id, "meter", "no meter")),
		"entries.amount: use":        one(descriptor("key_id", id, "amount", secret)),
		"this is negative":           one(descriptor("key_id", id, "amount", "-1")),
		"entries.remote_address":     one(descriptor("key_id", id, "remote_address", secret)),
		"can't override":             one(limited),
		"nothing is given back":      one(negative),
		"hits_addend":                one(withHits(descriptor("key_id", id), math.MaxUint64)),
		"amounts.requests":           {withHits(descriptor("key_id", id), uint64(ration.MaxUnits)), withHits(descriptor("key_id", id), uint64(ration.MaxUnits))},
		"at most 64":                 many,
		"at most 8":                  keys,
		"descriptors[1].entries.key": {descriptor("key_id", id), descriptor("key_id", "x")},
	} {
		_, err := a.limit(&ratelimitv3.RateLimitRequest{Descriptors: descriptors})
		if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%v, want InvalidArgument with %q", err, want)
		}
	}
	a.wantUsed(key.ID, "requests", 0)
}

func TestOnlyTokensMayAsk(t *testing.T) {
	a := newAsked(t)
	key := a.Key(rationtest.Key{})
	client := ratelimitv3.NewRateLimitServiceClient(a.conn)
	in := &ratelimitv3.RateLimitRequest{Domain: "api", Descriptors: []*ratelimitextension.RateLimitDescriptor{descriptor("key_id", key.ID.String())}}
	for name, row := range map[string]struct {
		ctx  context.Context
		want codes.Code
	}{
		"none":      {t.Context(), codes.Unauthenticated},
		"unknown":   {withToken(t.Context(), "made-up"), codes.Unauthenticated},
		"two":       {withToken(withToken(t.Context(), "good"), "good"), codes.Unauthenticated},
		"read-only": {withToken(t.Context(), "read-only"), codes.PermissionDenied},
	} {
		if _, err := client.ShouldRateLimit(row.ctx, in); status.Code(err) != row.want {
			t.Errorf("%s: %v, want %v", name, err, row.want)
		}
	}
	a.wantUsed(key.ID, "requests", 0)
}

func TestWithoutADatabaseNothingIsSaid(t *testing.T) {
	a := newAsked(t)
	key, other := a.Key(rationtest.Key{}), a.Key(rationtest.Key{})
	a.BreakStore()
	for _, descriptors := range [][]*ratelimitextension.RateLimitDescriptor{
		{descriptor("key_id", key.ID.String())},
		{descriptor("key_id", key.ID.String()), descriptor("key_id", other.ID.String())},
	} {
		if answer, err := a.limit(&ratelimitv3.RateLimitRequest{Descriptors: descriptors}); status.Code(err) != codes.Unavailable {
			t.Errorf("%v, %v; want Unavailable", answer, err)
		}
	}
	a.MendStore()
	wantCodes(t, a.mustLimit(descriptor("key_id", key.ID.String())), ok, ok)
}
