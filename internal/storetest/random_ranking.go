package storetest

import (
	"bytes"
	"cmp"
	"math/big"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// compareRanking ranks the keys of the history, few at a time, and wants the ranks that
// the model finds.
func (m *machine) compareRanking(rt *rapid.T) {
	look := rapid.IntRange(1, 4).Draw(rt, "look")
	for i, got := range rank(m.f, m.witness, look, admin.Reach{Owners: []string{m.owner}}, admin.Reach{}) {
		want := m.model.ranking(m.f.now)
		for j := range got.Near {
			got.Near[j].Override, got.Near[j].Limit.AvailableAt = false, time.Time{}
		}
		m.f.want("keys that can be used", want.Keys, got.Keys)
		m.f.want("meters", want.Meters, got.Meters)
		m.f.want("those that used most today", want.Top, got.Top)
		m.f.want("those nearest to a limit", want.Near, got.Near)
		if m.f.want("the time", m.f.now, got.AsOf.UTC()); rt.Failed() {
			rt.Fatalf("ranking %d of looks at %d keys", i, look)
		}
	}
}

// rank makes the rankings of the keys after one.
func rank(f *fixture, after ration.KeyID, look int, reaches ...admin.Reach) []*admin.Ranking {
	f.Helper()
	ranker := admin.NewRanker(f.Store, reaches, look)
	ranker.After = after
	for more, err := true, error(nil); more; {
		if more, err = ranker.Next(f.Context()); err != nil {
			f.Fatal(err)
		}
	}
	rankings, err := ranker.Rankings(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	return rankings
}

// ranking sorts all keys by what they used, and by their limits.
func (m *model) ranking(now time.Time) admin.Ranking {
	ranking := admin.Ranking{Top: make(map[string][]admin.TopKey)}
	for id, key := range m.keys {
		if key.Status != ration.StatusActive || !key.ExpiresAt.IsZero() && !now.Before(key.ExpiresAt) {
			continue
		}
		ranking.Keys++
		top := admin.TopKey{KeyID: id, KeyName: key.Name, Owner: key.Owner, Plan: key.planAt(now)}
		zone := m.zone(key, now)
		for name, meter := range key.meters {
			today := meter.turned(now, zone)[1].id
			if used, _ := meter.sum(func(entry admission) bool { return entry.periods[1] == today }); used > 0 {
				top.Used = append(top.Used, units(name, used))
			}
		}
		slices.SortFunc(top.Used, func(a, b ration.Amount) int { return meterOrder(a.Meter, b.Meter) })
		for _, used := range top.Used {
			ranking.Top[used.Meter] = append(ranking.Top[used.Meter], top)
		}
		if near, found := m.nearest(key, now); found {
			ranking.Near = append(ranking.Near, near)
		}
	}
	for meter, keys := range ranking.Top {
		ranking.Meters = append(ranking.Meters, meter)
		used := func(key admin.TopKey) int64 {
			return key.Used[slices.IndexFunc(key.Used, func(a ration.Amount) bool { return a.Meter == meter })].Units
		}
		slices.SortFunc(keys, func(a, b admin.TopKey) int {
			return cmp.Or(-cmp.Compare(used(a), used(b)), bytes.Compare(a.KeyID[:], b.KeyID[:]))
		})
	}
	slices.SortFunc(ranking.Meters, meterOrder)
	slices.SortFunc(ranking.Near, func(a, b admin.NearKey) int {
		return cmp.Or(left(a.Limit).Cmp(left(b.Limit)), bytes.Compare(a.KeyID[:], b.KeyID[:]))
	})
	return ranking
}

// nearest asks all limits of a key by a charge of nothing, from wherever it may come.
func (m *model) nearest(key *modelKey, now time.Time) (near admin.NearKey, found bool) {
	anywhere := *key
	anywhere.AllowedIPs = nil
	m.keys[key.ID] = &anywhere
	defer func() { m.keys[key.ID] = key }()
	nothing := item{Charge: ration.Charge{KeyID: key.ID, DryRun: true}}
	for _, limit := range m.limits(key, now) {
		if !slices.ContainsFunc(nothing.Amounts, func(a ration.Amount) bool { return a.Meter == limit.Meter }) {
			nothing.Amounts = append(nothing.Amounts, units(limit.Meter, 0))
		}
	}
	slices.SortFunc(nothing.Amounts, func(a, b ration.Amount) int { return meterOrder(a.Meter, b.Meter) })
	for _, limit := range m.decide(nothing, now).Limits {
		switch part := left(limit); {
		case part == nil, part.Cmp(big.NewRat(1, 1)) >= 0:
		case limit.Kind == ration.KindRate && limit.ResetsAt.Before(now.Add(30*time.Second)):
		case !found || part.Cmp(left(near.Limit)) <= 0:
			near.Limit, found = limit, true
		}
	}
	near.KeyID, near.KeyName, near.Owner, near.Plan, near.At = key.ID, key.Name, key.Owner, key.planAt(now), now
	near.Limit.AvailableAt = time.Time{}
	return near, found
}

// left is the part of a limit that remains; nil: it never has anything.
func left(limit ration.LimitStatus) *big.Rat {
	most := limit.Quantity
	if limit.Kind == ration.KindRate && limit.Burst > 0 {
		most = limit.Burst
	}
	if most == 0 {
		return nil
	}
	return big.NewRat(limit.Remaining, most)
}
