package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

const (
	historyDays = 30
	hourlyDays  = 8 // the last ones, which are told hour by hour: a chart of 7 days begins in the middle of the first one
	seed        = 20_301_031
)

// Clock is the clock of a store whose history is made. Only its maker moves it.
type Clock struct{ micros atomic.Int64 }

// Now returns the time that it was set to.
func (c *Clock) Now() time.Time { return time.UnixMicro(c.micros.Load()).UTC() }

func (c *Clock) set(t time.Time) { c.micros.Store(t.UnixMicro()) }

// Store is a database whose clock is a [Clock].
type Store interface {
	ration.Store
	admin.Store
}

// MakeHistory fills an empty database with keys that have a history: a month until now, of
// which the last week is told hour by hour. All of it is charged and changed as it would
// have been, by a clock that goes through that month. Each of its keys has the metadata
// [Mark]. The same now makes the same history, but for ids and secrets.
func MakeHistory(ctx context.Context, store Store, clock *Clock, config admin.Config, now time.Time) error {
	now = now.UTC().Truncate(time.Microsecond)
	draw := rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // the same each time
	maker := &maker{store: store, clock: clock, operations: admin.New(store, config), now: now, draw: draw}
	if err := maker.makeAll(ctx); err != nil {
		return fmt.Errorf("making the demo's history: %w", err)
	}
	return nil
}

// maker makes a history.
type maker struct {
	store      Store
	clock      *Clock
	operations *admin.Service
	now        time.Time
	draw       *rand.Rand
	actors     []*performer
	events     []event // still to come, in order
}

// performer is a role with its key, once that was made.
type performer struct {
	role
	id     ration.KeyID
	secret ration.SecretID // that is used
	zone   *time.Location
	begins time.Time
	ends   time.Time // when it was disabled or revoked; zero: it wasn't
}

func (m *maker) makeAll(ctx context.Context) error {
	if err := m.prepare(ctx); err != nil {
		return err
	}
	for _, s := range m.steps() {
		if err := m.until(ctx, s.at); err != nil {
			return err
		}
		if err := m.charge(ctx, s); err != nil {
			return err
		}
	}
	if err := m.until(ctx, m.now); err != nil {
		return err
	}
	return m.finish(ctx)
}

// step is a part of the history that is charged in one transaction.
type step struct {
	at       time.Time // when it is charged
	from, to time.Time // whose usage it is
}

// steps are a day each at first, and an hour each in the last days.
func (m *maker) steps() (steps []step) {
	begin := m.begin()
	hourly := begin.AddDate(0, 0, historyDays-hourlyDays)
	for from := begin; from.Before(m.now); {
		s := step{at: from.Add(14 * time.Hour), from: from, to: from.AddDate(0, 0, 1)}
		if !from.Before(hourly) {
			s = step{at: from.Add(29 * time.Minute), from: from, to: from.Add(time.Hour)}
		}
		from = s.to
		if s.at.After(m.now) {
			s.at = m.now
		}
		steps = append(steps, s)
	}
	return steps
}

// begin is the midnight with which the history begins.
func (m *maker) begin() time.Time { return m.now.Truncate(24*time.Hour).AddDate(0, 0, 1-historyDays) }

// until lets what happens until a time happen, and sets the clock to it.
func (m *maker) until(ctx context.Context, at time.Time) error {
	for len(m.events) > 0 && !m.events[0].at.After(at) {
		next := m.events[0]
		m.events = m.events[1:]
		m.clock.set(next.at)
		if err := next.do(ctx); err != nil {
			return err
		}
	}
	m.clock.set(at)
	return nil
}

// charge charges the usage of a step, and counts the answers.
func (m *maker) charge(ctx context.Context, s step) error {
	var batch ration.Batch
	var by []*performer
	for _, p := range m.actors {
		items, err := m.itemsOf(p, s)
		if err != nil {
			return err
		}
		for range items {
			by = append(by, p)
		}
		batch.Items = append(batch.Items, items...)
	}
	answers := make(map[admin.AnswerCount]int64)
	if len(batch.Items) > 0 {
		batch.ID = uuid.New()
		decisions, err := m.store.Charge(ctx, batch)
		if err != nil {
			return err
		}
		for i := range decisions {
			answer := admin.AnswerCount{Via: by[i].via, Code: string(decisions[i].Code)}
			if decisions[i].Allowed() {
				answers[answer] += batch.Items[i].Charge.Amounts[0].Units
			} else {
				answers[answer]++
			}
		}
	}
	return m.countAnswers(ctx, s, answers)
}

// pieces is how many charges stand for the requests of one key in a step.
const pieces = 6

// itemsOf returns the charges of a key in a step.
func (m *maker) itemsOf(p *performer, s step) ([]ration.Item, error) {
	requests := m.requests(p, s)
	if requests == 0 || p.id.IsZero() {
		return nil, nil
	}
	if !p.ends.IsZero() && s.at.After(p.ends) {
		requests = min(requests, pieces) // one by one, for all are refused
	}
	count := min(int64(pieces), requests)
	items := make([]ration.Item, 0, count+1)
	for i := range count {
		units := requests*(i+1)/count - requests*i/count
		item, err := itemOf(p, ration.Charge{Amounts: amounts(units, units*p.tokens)})
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	if p.story == wrongScope && m.draw.IntN(3) == 0 {
		item, err := itemOf(p, ration.Charge{Scope: "billing"})
		return append(items, item), err
	}
	return items, nil
}

// requests draws how many requests a key would make in a step.
func (m *maker) requests(p *performer, s step) int64 {
	if s.at.Before(p.begins) {
		return 0
	}
	weights, daily := p.weights(s.from, s.to), p.daily*(0.85+0.3*m.draw.Float64())
	if today := m.now.Truncate(24 * time.Hour); p.today > 0 && !s.at.Before(today) {
		daily = p.today * 24 / p.weights(today, m.now)
	}
	for day := s.at; p.growth > 0 && m.now.Sub(day) > 24*time.Hour; day = day.Add(24 * time.Hour) {
		daily *= 1 - p.growth
	}
	return int64(daily * weights / 24)
}

// weights adds up the weights of hours.
func (p *performer) weights(from, to time.Time) (sum float64) {
	for hour := from; hour.Before(to); hour = hour.Add(time.Hour) {
		sum += p.rhythm.weight(hour.In(p.zone))
	}
	return sum
}

func amounts(requests, tokens int64) []ration.Amount {
	all := []ration.Amount{{Meter: ration.MeterRequests, Units: requests}}
	if tokens > 0 {
		all = append(all, ration.Amount{Meter: "tokens", Units: tokens})
	}
	return all
}

// itemOf does what an engine does to a charge before it is sent.
func itemOf(p *performer, charge ration.Charge) (ration.Item, error) {
	charge.KeyID = p.id
	charge, err := charge.Normalize()
	if err == nil && charge.Hold != nil {
		hold, wrong := charge.Hold.Normalize(time.Now())
		charge.Hold, err = &hold, wrong
	}
	charge.KeyID = ration.KeyID{}
	return ration.Item{KeyID: p.id, SecretID: p.secret, Charge: &charge}, err
}

// countAnswers counts what servers would have answered, also to callers without a key.
func (m *maker) countAnswers(ctx context.Context, s step, answers map[admin.AnswerCount]int64) error {
	hours := int64(s.to.Sub(s.from) / time.Hour)
	answers[admin.AnswerCount{Via: "proxy", Code: string(ration.CodeKeyMissing)}] += hours * (4 + m.draw.Int64N(18))
	answers[admin.AnswerCount{Via: "proxy", Code: string(ration.CodeKeyUnknown)}] += hours * m.draw.Int64N(9)
	answers[admin.AnswerCount{Via: "verify", Code: string(ration.CodeKeyUnknown)}] += hours * m.draw.Int64N(4)
	answers[admin.AnswerCount{Via: "verify", Code: string(ration.CodeRateExceeded)}] += hours * m.draw.Int64N(6)
	counts := admin.TrafficCounts{Hour: s.at.Truncate(time.Hour), Counter: uuid.New()}
	for answer, count := range answers {
		if answer.Answers = count; count > 0 {
			counts.Answers = append(counts.Answers, answer)
		}
	}
	if len(counts.Answers) == 0 {
		return nil
	}
	return m.store.WriteTraffic(ctx, counts)
}
