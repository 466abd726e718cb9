package storetest

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// inNameOf is a charge in the name of a token.
func inNameOf(token ration.Digest, id ration.KeyID, amounts ...ration.Amount) item {
	charge := chargeOf(id, amounts...)
	charge.Token = token
	return charge
}

// revoke revokes the token of a name.
func (f *fixture) revoke(name string) {
	f.Helper()
	if _, err := f.Store.RevokeToken(f.Context(), name, entry("token.revoke", "token:"+name)); err != nil {
		f.Errorf("revoking a token: %v", err)
	}
}

func testChecksTokens(f *fixture) {
	id := f.key(f.plan("100/day").Name)
	_, lasting := f.token(uniqueName(), func(*admin.Token) {})
	end := f.now.Add(time.Hour)
	_, ending := f.token(uniqueName(), func(t *admin.Token) { t.ExpiresAt = end })
	revoked, gone := f.token(uniqueName(), func(*admin.Token) {})
	f.wantCode(f.charge(inNameOf(gone, id, requests(7))), ration.CodeOK)
	f.revoke(revoked.Name)
	hold := inNameOf(gone, id, requests(2))
	hold.Hold = &ration.Hold{TTL: time.Hour}
	dry := inNameOf(gone, id)
	dry.DryRun = true
	for name, refused := range map[string]item{
		"a revoked token": inNameOf(gone, id, requests(3)), "a reservation": hold, "a dry run": dry,
		"no token's digest": inNameOf(ration.NewSecret("rk").Digest(nil), id),
		"nobody's key":      inNameOf(gone, ration.NewKeyID()),
	} {
		decision := f.charge(refused)
		if decision.Code != ration.CodeTokenInvalid || !decision.KeyID.IsZero() || decision.Limits != nil || decision.DryRun != refused.DryRun {
			f.Errorf("%s: %+v; want a bare %s", name, decision, ration.CodeTokenInvalid)
		}
	}
	f.setNow(end.Add(-time.Microsecond))
	f.wantCode(f.charge(inNameOf(ending, id, requests(5))), ration.CodeOK)
	f.setNow(end)
	f.wantCode(f.charge(inNameOf(ending, id, requests(11))), ration.CodeTokenInvalid)
	f.wantCode(f.charge(inNameOf(lasting, id, requests(13))), ration.CodeOK)
	f.wantCode(f.charge(chargeOf(id)), ration.CodeOK)
	usage := f.meter(id, ration.MeterRequests)
	if usage.Used != 7+5+13+1 || usage.Reserved != 0 || usage.Denied != 0 {
		f.Errorf("used %d, reserved %d, denied %d; want 26, 0, 0", usage.Used, usage.Reserved, usage.Denied)
	}
}

func testChecksEachToken(f *fixture) {
	one, other := f.key(f.plan("100/day").Name), f.key(f.plan("3/day").Name)
	_, good := f.token(uniqueName(), func(*admin.Token) {})
	_, better := f.token(uniqueName(), func(*admin.Token) {})
	revoked, gone := f.token(uniqueName(), func(*admin.Token) {})
	f.revoke(revoked.Name)
	var got []ration.Code
	for _, decision := range f.batch(
		inNameOf(good, one, requests(2)), inNameOf(gone, one, requests(3)), inNameOf(better, one, requests(5)), chargeOf(one, requests(7)),
		inNameOf(gone, other, requests(2)), inNameOf(good, other, requests(3)), inNameOf(better, other),
	) {
		got = append(got, decision.Code)
	}
	const ok, invalid = ration.CodeOK, ration.CodeTokenInvalid
	if want := []ration.Code{ok, invalid, ok, ok, invalid, ok, ration.CodeQuotaExceeded}; !slices.Equal(got, want) {
		f.Errorf("codes %v, want %v", got, want)
	}
	f.want("used", int64(14), f.meter(one, ration.MeterRequests).Used)
	f.want("used of the other key", int64(3), f.meter(other, ration.MeterRequests).Used)
}

func testWaitingSeesRevokedToken(f *fixture) {
	id := f.key(f.plan("100/day").Name)
	token, digest := f.token(uniqueName(), func(*admin.Token) {})
	if f.AwaitLocked == nil { // nothing is written while a key is changed
		f.revoke(token.Name)
		f.wantCode(f.charge(inNameOf(digest, id)), ration.CodeTokenInvalid)
		return
	}
	decisions := f.whileChanging(id, func(*admin.KeyChange) { f.revoke(token.Name) }, inNameOf(digest, id))
	f.wantCode(decisions[0], ration.CodeTokenInvalid)
}
