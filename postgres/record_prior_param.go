package postgres

import (
	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/storedjson"
)

// priorWrites is what a batch writes of reservations, refunds and idempotency
// keys, as parameters.
type priorWrites struct {
	newUsage [2]array
	post     [33]array
	begun    [4]array
	days     [8]array
	refunds  [5]array
	made     [12]array
	ended    [6]array
	freed    [2]array
	replays  [5]array
	log      [11]array
}

func newPriorWrites() priorWrites {
	return priorWrites{
		newUsage: [...]array{newUUIDs(), newTexts()},
		post: [...]array{
			newUUIDs(), newTexts(), newInts(), newInts(), newInts(), newTimes(), newTimes(),
			newTimes(), newTimes(), newInts(), newInts(),
			newDates(), newTimes(), newInts(), newInts(),
			newDates(), newTimes(), newInts(), newInts(),
			newDates(), newTimes(), newInts(), newInts(),
			newTimes(), newInts(), newTimes(), newInts(), newInts(), newInts(),
			newTimes(), newInts(), newInts(), newInts(),
		},
		begun:   [...]array{newUUIDs(), newTexts(), newTexts(), newTexts()},
		days:    [...]array{newUUIDs(), newTexts(), newDates(), newInts(), newInts(), newTimes(), newInts(), newInts()},
		refunds: [...]array{newUUIDs(), newTexts(), newTexts(), newInts(), newInts()},
		made: [...]array{
			newUUIDs(), newUUIDs(), newTexts(), newTexts(), newTexts(), newTexts(),
			newTimes(), newTimes(), newTimes(), newTimes(), newDigests(), newTexts(),
		},
		ended:   [...]array{newUUIDs(), newUUIDs(), newTexts(), newTexts(), newTimes(), newTimes()},
		freed:   [...]array{newUUIDs(), newTexts()},
		replays: [...]array{newUUIDs(), newTexts(), newDigests(), newTexts(), newTimes()},
		log:     newLogArrays(),
	}
}

// postUsage takes in a write that may take something off. Its row is made first
// where there was none.
func (l *priorWrites) postUsage(id ration.KeyID, before *ledger.MeterUsage, write *ledger.MeterWrite) {
	if before == nil {
		l.newUsage[0].addUUID(id)
		l.newUsage[1].addText(write.Meter)
	}
	l.post[0].addUUID(id)
	l.post[1].addText(write.Meter)
	l.post[2].addInt(write.Used)
	l.post[3].addInt(write.Reserved)
	l.post[4].addInt(write.Denied)
	l.post[5].addTimeOrNull(write.FirstRequestAt)
	l.post[6].addTimeOrNull(write.LastRequestAt)
	next := l.post[7:]
	for i := range write.Windows {
		window := &write.Windows[i]
		addPeriodID(&next[0], ration.WindowPeriods[i], window.ID)
		next[1].addTime(window.EndsAt)
		next[2].addInt(window.Used)
		next[3].addInt(window.Reserved)
		next = next[4:]
	}
	addRates(next, write)
	addHour(next[3*len(write.Rates):], write.Counted)
	for _, day := range write.Days() {
		l.days[0].addUUID(id)
		l.days[1].addText(write.Meter)
		l.days[2].addDate(day.Date)
		l.days[3].addInt(day.Used)
		l.days[4].addInt(day.Denied)
		l.days[5].addTimeOrNull(day.LastRequestAt)
		l.days[6].addInt(day.GivenBack)
		l.days[7].addInt(day.Refunds)
	}
}

// setBegun takes in what few keys have.
func (l *priorWrites) setBegun(id ration.KeyID, write *ledger.MeterWrite) {
	if write.Resets == nil {
		return
	}
	l.begun[0].addUUID(id)
	l.begun[1].addText(write.Meter)
	l.begun[2].addTextOrNull(storedjson.Resets(write.Resets))
	l.begun[3].addTextOrNull(storedjson.Shifted(write.Shifted))
}

// add takes in what later charges of a key may refer to.
func (l *priorWrites) add(k *keyWork) {
	for _, refunded := range k.account.Refunded() {
		addRefundPeriod(l.refunds[:], k.id, refunded.RefundPeriod)
		l.refunds[4].addInt(refunded.Units)
	}
	for _, r := range k.account.NewReservations() {
		l.addMade(k.id, r)
	}
	for _, r := range k.account.ChangedReservations() {
		l.ended[0].addUUID(k.id)
		l.ended[1].addUUID(r.ID)
		l.ended[2].addText(string(r.State))
		l.ended[3].addTextOrNull(storedjson.Amounts(r.Settled))
		l.ended[4].addTimeOrNull(r.EndedAt)
		l.ended[5].addTimeOrNull(r.LateAt)
	}
	for _, key := range k.account.FreedIdempotencyKeys() {
		l.freed[0].addUUID(k.id)
		l.freed[1].addText(key)
	}
	for _, replay := range k.account.NewReplays() {
		l.replays[0].addUUID(k.id)
		l.replays[1].addText(replay.Key)
		l.replays[2].addBytes(replay.Fingerprint[:])
		l.replays[3].addText(storedjson.Answer(replay))
		l.replays[4].addTime(replay.CreatedAt)
	}
	addLog(l.log[:], k.id, k.account.LogEntries())
}

func addRefundPeriod(to []array, id ration.KeyID, period ledger.RefundPeriod) {
	to[0].addUUID(id)
	to[1].addText(period.Meter)
	to[2].addText(string(period.Period))
	to[3].addInt(int64(period.ID))
}

func (l *priorWrites) addMade(id ration.KeyID, r *ration.Reservation) {
	l.made[0].addUUID(id)
	l.made[1].addUUID(r.ID)
	l.made[2].addText(string(r.State))
	l.made[3].addText(string(r.AtExpiry))
	l.made[4].addText(storedjson.Postings(r.Held))
	l.made[5].addTextOrNull(storedjson.Amounts(r.Settled))
	l.made[6].addTime(r.CreatedAt)
	l.made[7].addTime(r.ExpiresAt)
	l.made[8].addTimeOrNull(r.EndedAt)
	l.made[9].addTimeOrNull(r.LateAt)
	l.made[10].addBytes(r.Fingerprint[:])
	l.made[11].addText(storedjson.Limits(r.Limits))
}
