package postgres

import (
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// knownParams are the parameters of addKnownSQL; addKnownRatesSQL has those of addRates behind them.
const knownParams = 7

// knownWrites is what a remembered batch writes, and what has to be so, as parameters.
type knownWrites struct {
	add        [knownParams + 3*len(ledger.RatePeriods)]array
	ratesMoved bool     // of any row
	held       [8]array // keys, their versions; plans, their versions; keys of secrets, secrets, their ends
	overrides  []byte   // versions of all keys' overrides; not nil
}

func newKnownWrites() knownWrites {
	return knownWrites{
		add: [...]array{
			newUUIDs(), newTexts(), newXIDs(), newInts(), newInts(), newTimes(), newDates(),
			newTimes(), newInts(), newTimes(), newInts(), newInts(), newInts(),
		},
		held:      [...]array{newUUIDs(), newXIDs(), newTexts(), newTexts(), newUUIDs(), newUUIDs(), newTimes(), newTimes()},
		overrides: []byte{},
	}
}

func (w *knownWrites) reset() {
	for i := range w.add {
		w.add[i].reset()
	}
	for i := range w.held {
		w.held[i].reset()
	}
	w.ratesMoved, w.overrides = false, w.overrides[:0]
}

// addParams returns the parameters of addKnownSQL or addKnownRatesSQL.
func (w *knownWrites) addParams() [][]byte {
	if w.ratesMoved {
		return paramsOf(w.add[:])
	}
	return paramsOf(w.add[:knownParams])
}

// collectKnown takes in what the accounts of a remembered batch have to write. It reports
// whether that is no more than what addKnownSQL writes of each key, uses of secrets, the
// request log and events.
func (w *writes) collectKnown(b *work) bool {
	w.reset()
	w.known.reset()
	plans := make(map[string]string, 1)
	for i := range b.keys {
		k := &b.keys[i]
		changed := k.account.Writes()
		k.counts = len(changed) == 1 && countsOn(&changed[0])
		if !k.counts || !w.known.addKey(k, &changed[0], plans) {
			return false
		}
		w.addUses(k)
		w.prior.add(k)
		w.leases.add(k.id, k.account)
		addEvents(w.events[:], k.id, k.account)
	}
	for _, write := range w.all {
		if write.arrays[0].length > 0 && write.statement != stmtSecretsUsed && write.statement != stmtLog && write.statement != stmtEvents {
			return false
		}
	}
	return true
}

// countsOn reports whether a write adds to a row of requests whose periods run on, and to
// one day, and does nothing else.
func countsOn(write *ledger.MeterWrite) bool {
	return write.RunsOn && write.Meter == ration.MeterRequests && len(write.OtherDays) == 0 && write.Day.Date != 0
}

// addKey returns false where two of the keys remember their plan in different versions.
func (w *knownWrites) addKey(k *keyWork, write *ledger.MeterWrite, plans map[string]string) bool {
	w.add[0].addUUID(k.id)
	w.add[1].addText(write.Meter)
	w.add[2].addXID(k.was.row)
	w.add[3].addInt(write.Used)
	w.add[4].addInt(write.Denied)
	w.add[5].addTimeOrNull(write.LastRequestAt)
	w.add[6].addDate(write.Day.Date)
	addRates(w.add[knownParams:], write)
	w.ratesMoved = w.ratesMoved || write.RatesMoved
	return w.addHeld(k.id, k.was, k.sent, plans)
}

func (w *knownWrites) addHeld(id ration.KeyID, was *remembered, sent []ration.SecretID, plans map[string]string) bool {
	w.held[0].addUUID(id)
	w.held[1].addXID(was.versions.key)
	w.overrides = append(w.overrides, was.versions.overrides...)
	for i := range was.policy.Secrets {
		if secret := &was.policy.Secrets[i]; slices.Contains(sent, secret.ID) {
			w.held[4].addUUID(id)
			w.held[5].addUUID(secret.ID)
			w.held[6].addTimeOrNull(secret.ExpiresAt)
			w.held[7].addTimeOrNull(secret.RevokedAt)
		}
	}
	plan := was.policy.Key.Plan
	version, noted := plans[plan]
	if !noted && plan != "" {
		plans[plan] = was.versions.plan
		w.held[2].addText(plan)
		w.held[3].addText(was.versions.plan)
	}
	return !noted || version == was.versions.plan
}

// mayBeRemembered reports whether a key is one whose next decisions can be made of what is
// remembered: its limits stay as they are until somebody changes them, leases take no part
// in them, and the batch changes nothing but counts.
func (k *keyWork) mayBeRemembered(changed []ledger.MeterWrite) bool {
	if len(changed) != 1 || changed[0].Posted || changed[0].Resets != nil || changed[0].Meter != ration.MeterRequests {
		return false
	}
	concurrent := func(limit ration.Limit) bool { return limit.Kind == ration.KindConcurrent }
	return k.policyRead.Lasts() && len(k.leases) == 0 && len(k.usage) > 0 && k.usage[0].Meter == ration.MeterRequests &&
		!slices.ContainsFunc(k.policyRead.Limits, concurrent)
}
