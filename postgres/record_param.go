package postgres

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// writes is what a batch writes, as parameters.
type writes struct {
	add     [5]array
	rates   [11]array
	set     [27]array
	days    [6]array
	hours   [6]array
	secrets [2]array
	prior   priorWrites
	leases  leaseWrites
	events  [9]array
	all     []write // in the order in which they are sent
	known   knownWrites
}

// write is a statement with its parameters, of which the ids come first. It is
// sent if it has any.
type write struct {
	statement statement
	arrays    []array
}

func newWrites() *writes {
	w := &writes{
		add:   [...]array{newUUIDs(), newTexts(), newInts(), newInts(), newTimes()},
		rates: [...]array{newUUIDs(), newTexts(), newInts(), newInts(), newTimes(), newTimes(), newInts(), newTimes(), newInts(), newInts(), newInts()},
		set: [...]array{
			newUUIDs(), newTexts(), newInts(), newInts(), newTimes(), newTimes(),
			newTimes(), newTimes(), newInts(),
			newDates(), newTimes(), newInts(),
			newDates(), newTimes(), newInts(),
			newDates(), newTimes(), newInts(),
			newTimes(), newInts(), newTimes(), newInts(), newInts(), newInts(),
			newTimes(), newInts(), newInts(),
		},
		hours:   [...]array{newUUIDs(), newTexts(), newTimes(), newInts(), newInts(), newInts()},
		days:    [...]array{newUUIDs(), newTexts(), newDates(), newInts(), newInts(), newTimes()},
		secrets: [...]array{newUUIDs(), newUUIDs()},
		prior:   newPriorWrites(),
		leases:  newLeaseWrites(),
		events:  newEventArrays(),
		known:   newKnownWrites(),
	}
	l := &w.prior
	w.all = []write{
		{stmtAddUsage, w.add[:]},
		{stmtAddRates, w.rates[:]},
		{stmtSetUsage, w.set[:]},
		{stmtNewUsage, l.newUsage[:]},
		{stmtPostUsage, l.post[:]},
		{stmtSetBegun, l.begun[:]},
		{stmtAddDays, w.days[:]},
		{stmtPostDays, l.days[:]},
		{stmtAddHours, w.hours[:]},
		{stmtRefund, l.refunds[:]},
		{stmtSecretsUsed, w.secrets[:]},
		{stmtNewReservations, l.made[:]},
		{stmtEndReservations, l.ended[:]},
		{stmtEndLeases, w.leases.ended[:]},
		{stmtPutLeases, w.leases.put[:]},
		{stmtForgetReplays, l.freed[:]},
		{stmtRememberReplays, l.replays[:]},
		{stmtLog, l.log[:]},
		{stmtEvents, w.events[:]},
	}
	return w
}

func (w *writes) reset() {
	for _, write := range w.all {
		for i := range write.arrays {
			write.arrays[i].reset()
		}
	}
}

// collect takes in what the accounts have to write.
func (w *writes) collect(b *work) {
	w.reset()
	for i := range b.keys {
		k := &b.keys[i]
		if k.account == nil {
			continue
		}
		changed := k.account.Writes()
		k.untouched, k.counts = len(changed) == 0, k.mayBeRemembered(changed)
		for i := range changed {
			w.addMeter(k, &changed[i])
		}
		w.addUses(k)
		w.prior.add(k)
		w.leases.add(k.id, k.account)
		addEvents(w.events[:], k.id, k.account)
	}
}

func (w *writes) addUses(k *keyWork) {
	for _, secret := range k.account.SecretsUsed() {
		w.secrets[0].addUUID(k.id)
		w.secrets[1].addUUID(secret)
	}
}

func (w *writes) addMeter(k *keyWork, write *ledger.MeterWrite) {
	before := k.usage.Meter(write.Meter)
	w.prior.setBegun(k.id, write)
	w.addHours(k.id, write)
	if write.Posted {
		w.prior.postUsage(k.id, before, write)
		return
	}
	w.addDay(k.id, write)
	switch {
	case !runsOn(before, write):
		w.setUsage(k.id, write)
	case before.Rates != write.Rates:
		addUsage(w.rates[:], k.id, write)
		addRates(w.rates[5:], write)
	default:
		addUsage(w.add[:], k.id, write)
	}
}

func (w *writes) empty() bool {
	for i := range w.all {
		if w.all[i].arrays[0].length > 0 {
			return false
		}
	}
	return true
}

// send sends the statements that have something to write and returns how many.
func (w *writes) send(p pipeline, now time.Time) (sent int) {
	for _, write := range w.all {
		if write.arrays[0].length == 0 {
			continue
		}
		params := paramsOf(write.arrays)
		if write.statement == stmtSecretsUsed || write.statement == stmtRefund {
			params = append(params, timeParam(now))
		}
		p.send(write.statement, params...)
		sent++
	}
	return sent
}

// runsOn reports whether a write only adds to the row as it was read, and
// perhaps moves its rates.
func runsOn(before *ledger.MeterUsage, write *ledger.MeterWrite) bool {
	if before == nil || before.FirstRequestAt.IsZero() && !write.FirstRequestAt.IsZero() {
		return false
	}
	if before.Counted.Hour != write.Counted.Hour {
		return false
	}
	for i := range write.Windows {
		if before.Windows[i].ID != write.Windows[i].ID || !before.Windows[i].EndsAt.Equal(write.Windows[i].EndsAt) {
			return false
		}
	}
	return true
}

func addUsage(to []array, id ration.KeyID, write *ledger.MeterWrite) {
	to[0].addUUID(id)
	to[1].addText(write.Meter)
	to[2].addInt(write.Used)
	to[3].addInt(write.Denied)
	to[4].addTimeOrNull(write.LastRequestAt)
}

func addRates(to []array, write *ledger.MeterWrite) {
	for i := range write.Rates {
		to[2*i].addTime(write.Rates[i].TAT)
		to[2*i+1].addInt(write.Rates[i].Rest)
		to[2*len(write.Rates)+i].addInt(write.Rates[i].Quantity)
	}
}

func (w *writes) setUsage(id ration.KeyID, write *ledger.MeterWrite) {
	w.set[0].addUUID(id)
	w.set[1].addText(write.Meter)
	w.set[2].addInt(write.Used)
	w.set[3].addInt(write.Denied)
	w.set[4].addTimeOrNull(write.FirstRequestAt)
	w.set[5].addTimeOrNull(write.LastRequestAt)
	next := w.set[6:]
	for i := range write.Windows {
		window := &write.Windows[i]
		addPeriodID(&next[0], ration.WindowPeriods[i], window.ID)
		next[1].addTime(window.EndsAt)
		next[2].addInt(window.Used)
		next = next[3:]
	}
	addRates(next, write)
	next = next[3*len(write.Rates):]
	next[0].addTime(write.Counted.Hour.Hour())
	next[1].addInt(write.Counted.Used)
	next[2].addInt(write.Counted.Denied)
}

func addPeriodID(to *array, period ration.Period, periodID ration.PeriodID) {
	if period == ration.PeriodHour {
		to.addTime(periodID.Hour())
	} else {
		to.addDate(periodID)
	}
}

func (w *writes) addDay(id ration.KeyID, write *ledger.MeterWrite) {
	w.days[0].addUUID(id)
	w.days[1].addText(write.Meter)
	w.days[2].addDate(write.Day.Date)
	w.days[3].addInt(write.Day.Used)
	w.days[4].addInt(write.Day.Denied)
	w.days[5].addTimeOrNull(write.Day.LastRequestAt)
}
