package admin

import (
	"cmp"
	"context"
	"math/bits"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/rationadmin"
)

// Ranking has the keys of a reach that used most today and are nearest to their limits.
type Ranking struct {
	AsOf   time.Time
	Keys   int
	Meters []string            // those of Top, requests first
	Top    map[string][]TopKey // by meter
	Near   []NearKey
}

// Ranker ranks keys one look after the other, so that nothing takes long: call Next until
// it reports that there are no more. It ranks them for several reaches in one walk.
type Ranker struct {
	After ration.KeyID // the last key that was looked at

	store    Store
	look     int // keys of one look
	begun    bool
	rankings []*ranks
}

// ranks are the ranks within a reach.
type ranks struct {
	reach Reach
	asOf  time.Time
	keys  int
	top   map[string]*best[topRank] // by meter
	near  *best[NearKey]
}

// topRank is a place among those that used most of a meter.
type topRank struct {
	used int64
	key  *rankedKey
}

// rankedKey is a key that may have a place in several lists.
type rankedKey struct {
	*KeyStatus
	used map[string]int64 // today, by meter
}

// NewRanker returns a ranker that has not begun.
func NewRanker(store Store, reaches []Reach, look int) *Ranker {
	r := &Ranker{store: store, look: look}
	for _, reach := range reaches {
		r.rankings = append(r.rankings, &ranks{
			reach: reach, top: make(map[string]*best[topRank]), near: newBest(rationadmin.MostSummarised, compareNear),
		})
	}
	return r
}

// Next looks at the next keys, and reports whether there may be more. After an error it
// may be called again.
func (r *Ranker) Next(ctx context.Context) (more bool, err error) {
	look, err := r.store.Standings(ctx, r.After, r.look)
	if err != nil {
		return false, err
	}
	if !r.begun {
		r.begun = true
		for _, ranks := range r.rankings {
			ranks.asOf = look.Now
		}
	}
	plans := PlanReader(func(name string) (ration.Plan, error) {
		plan, known := look.Plans[name]
		if !known {
			return plan, ration.ErrNotFound
		}
		return plan, nil
	})
	for i := range look.Keys {
		if err := r.rank(&look.Keys[i], plans, look.Now); err != nil {
			return false, err
		}
	}
	r.After = look.Last
	return !look.Last.IsZero(), nil
}

// Rankings returns the ranks of each reach, after the last Next.
func (r *Ranker) Rankings(ctx context.Context) ([]*Ranking, error) {
	meters, err := r.store.ListMeters(ctx, NameFilter{}) // a unit stays once something is counted in it, so those of now are those of the counts
	if err != nil {
		return nil, err
	}
	units := make(ledger.Units, len(meters))
	for _, meter := range meters {
		units[meter.Name] = meter.Unit
	}
	rankings := make([]*Ranking, len(r.rankings))
	for i, ranks := range r.rankings {
		rankings[i] = ranks.ranking(units)
	}
	return rankings, nil
}

// rank judges a key as [Service.ShowKey] does, and gives it its places.
func (r *Ranker) rank(key *Standing, plans PlanReader, now time.Time) error {
	if key.ExpiredAt(now) {
		return nil
	}
	var within []*ranks
	for _, ranks := range r.rankings {
		if ranks.reach.has(&key.Key) {
			ranks.keys++
			within = append(within, ranks)
		}
	}
	if len(within) == 0 || !key.everUsed() {
		return nil
	}
	own, err := plans.of(&key.Key)
	if err != nil || own == nil {
		return err
	}
	policy, err := ledger.NewPolicy(key.Key, *own, key.Overrides, nil, now)
	if err != nil {
		return nil //nolint:nilerr // no charge of this key is decided; 'ration keys show' says why
	}
	settleKey(&key.KeyRecord, now)
	status, _ := keyStatus(key.KeyRecord, policy, key.Usage, now)
	ranked := &rankedKey{KeyStatus: &status, used: make(map[string]int64)}
	for _, usage := range status.Usage {
		if usage.Day > 0 {
			ranked.used[usage.Meter] = usage.Day
		}
	}
	near, isNear := nearOf(&status)
	for _, ranks := range within {
		for meter, used := range ranked.used {
			ranks.addTop(meter, topRank{used, ranked})
		}
		if isNear {
			ranks.near.add(near)
		}
	}
	return nil
}

// everUsed reports whether anything of a key's limits can be used up.
func (s *Standing) everUsed() bool {
	return slices.ContainsFunc(s.Usage, func(m ledger.MeterUsage) bool {
		return m.Used != 0 || m.Reserved != 0 || m.InFlight != 0 || !m.LastRequestAt.IsZero()
	})
}

// addTop gives a key a place by a meter. Of too many meters the first by name are kept.
func (r *ranks) addTop(meter string, rank topRank) {
	if r.top[meter] == nil {
		r.top[meter] = newBest(rationadmin.MostSummarised, compareTop)
		if len(r.top) > rationadmin.MostMetersRanked {
			delete(r.top, slices.MaxFunc(keysOf(r.top), ration.CompareMeters))
		}
	}
	if list := r.top[meter]; list != nil {
		list.add(rank)
	}
}

func keysOf[V any](of map[string]V) []string {
	keys := make([]string, 0, len(of))
	for key := range of {
		keys = append(keys, key)
	}
	return keys
}

func (r *ranks) ranking(units ledger.Units) *Ranking {
	ranking := &Ranking{AsOf: r.asOf, Keys: r.keys, Near: r.near.items, Top: make(map[string][]TopKey, len(r.top)), Meters: keysOf(r.top)}
	slices.SortFunc(ranking.Meters, ration.CompareMeters)
	for meter, list := range r.top {
		for _, rank := range list.items {
			key := TopKey{KeyID: rank.key.ID, KeyName: rank.key.Name, Owner: rank.key.Owner, Plan: rank.key.Plan}
			for _, meter := range ranking.Meters {
				if used := rank.key.used[meter]; used > 0 {
					key.Used = append(key.Used, ration.Amount{Meter: meter, Units: used, Unit: units[meter]})
				}
			}
			ranking.Top[meter] = append(ranking.Top[meter], key)
		}
	}
	return ranking
}

// passing is how long a rate stays used up at least to be shown: what is owed to others
// has come back before anybody reads of it.
const passing = 30 * time.Second

// nearOf returns the limit of a key of which the smallest part remains, and false if none
// has anything used up. Of equal ones it is the last, which has the longest period.
func nearOf(status *KeyStatus) (near NearKey, found bool) {
	for i := range status.Limits {
		limit := &status.Limits[i]
		switch {
		case limit.Size() <= 0 || limit.Remaining >= limit.Size():
		case limit.Kind == ration.KindRate && limit.ResetsAt.Sub(status.At) < passing:
		case !found || compareLeft(limit, &near.Limit) <= 0:
			near.Limit, found = *limit, true
		}
	}
	if !found {
		return near, false
	}
	near.KeyID, near.KeyName, near.Owner, near.Plan, near.At = status.ID, status.Name, status.Owner, status.Plan, status.At
	_, near.Override = ration.OverrideAt(status.Overrides, near.Limit.Key(), status.At)
	return near, true
}

// compareTop sorts those that used most first.
func compareTop(a, b topRank) int {
	return cmp.Or(cmp.Compare(b.used, a.used), compareKeyIDs(a.key.ID, b.key.ID))
}

// compareNear sorts those first of whose limits the smallest part remains.
func compareNear(a, b NearKey) int {
	return cmp.Or(compareLeft(&a.Limit, &b.Limit), compareKeyIDs(a.KeyID, b.KeyID))
}

func compareKeyIDs(a, b ration.KeyID) int { return slices.Compare(a[:], b[:]) }

// compareLeft compares which part of their units remains of two limits, exactly.
func compareLeft(a, b *ration.LimitStatus) int {
	// a/b < c/d is a*d < c*b, and no product of two amounts is beyond 128 bits.
	high, low := bits.Mul64(uint64(a.Remaining), uint64(b.Size()))
	otherHigh, otherLow := bits.Mul64(uint64(b.Remaining), uint64(a.Size()))
	return cmp.Or(cmp.Compare(high, otherHigh), cmp.Compare(low, otherLow))
}

// best keeps the first of many in an order, at most so many.
type best[T any] struct {
	most    int
	compare func(a, b T) int
	items   []T // in order
}

func newBest[T any](most int, compare func(a, b T) int) *best[T] {
	return &best[T]{most: most, compare: compare}
}

func (b *best[T]) add(item T) {
	if len(b.items) == b.most && b.compare(item, b.items[b.most-1]) >= 0 {
		return
	}
	at, _ := slices.BinarySearchFunc(b.items, item, b.compare)
	if len(b.items) == b.most {
		b.items = b.items[:b.most-1]
	}
	b.items = slices.Insert(b.items, at, item)
}
