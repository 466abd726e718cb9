package torture

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"github.com/anishathalye/porcupine"
)

// state is a key with one limit, as an operation finds it. States are never changed in
// place.
type state struct {
	limit, total int64 // total: used and reserved in the current period
	period       int64 // when that ends; 0: nothing was charged yet, or never
	secret       int
	revoked      bool
	holds        []hold   // by id
	replays      []string // idempotency keys of what was charged
}

// hold is what may still come of an earlier charge.
type hold struct {
	id    string
	units int64
	stage stage
	stale bool  // a later count than the current one has begun since
	used  int64 // of one that was settled
	after int64 // of a failing call: the total behind its charge
}

// stage is what has become of a hold.
type stage int

const (
	open stage = iota
	ended
	released // by its expiry
	failing  // a call that the upstream fails
)

// linearizable reports whether one key, on which one thing happens after another, can have
// given all the answers, and if not, what the furthest attempt could not explain. Unknown:
// that could not be found out in the time.
func linearizable(s *Subject, patience time.Duration, explained bool) (result porcupine.CheckResult, stuck string) {
	operations := make([]porcupine.Operation, len(s.Operations))
	for i := range s.Operations {
		op := &s.Operations[i]
		operations[i] = porcupine.Operation{Input: op, Call: int64(op.Called), Return: int64(op.end())}
	}
	rule := porcupine.NondeterministicModel{
		Init:  func() []any { return []any{&state{limit: s.Limit}} },
		Step:  func(before, op, _ any) []any { return steps(before.(*state), op.(*Operation)) },
		Equal: func(a, b any) bool { return a.(*state).equal(b.(*state)) },
		Hash:  func(s any) uint64 { return s.(*state).hash() },
	}
	model := rule.ToModel()
	if result = porcupine.CheckOperationsTimeout(model, operations, patience); result != porcupine.Illegal || !explained {
		return result, "no explanation was searched"
	}
	_, info := porcupine.CheckOperationsVerbose(model, operations, patience)
	return result, explain(&model, operations, info.PartialLinearizations()[0])
}

// explain tells what the longest order of a part of the operations comes to, and which
// operations could have been next.
func explain(model *porcupine.Model, operations []porcupine.Operation, orders [][]int) string {
	if len(orders) == 0 {
		return "not even the first can be explained"
	}
	longest := slices.MaxFunc(orders, func(a, b []int) int { return cmp.Compare(len(a), len(b)) })
	now, done := model.Init(), make(map[int]bool)
	for _, i := range longest {
		_, now = model.Step(now, operations[i].Input, nil)
		done[i] = true
	}
	first := int64(Never)
	for i := range operations {
		if !done[i] {
			first = min(first, operations[i].Return)
		}
	}
	text := fmt.Sprintf("%d can be explained, up to", len(longest))
	for _, s := range now.([]any) {
		text += fmt.Sprintf(" %+v", *s.(*state))
	}
	for i := range operations {
		if op := operations[i].Input.(*Operation); !done[i] && operations[i].Call <= first {
			text += fmt.Sprintf("; then none of %+v", *op)
		}
	}
	return text
}

// steps returns the states that an operation may leave, with the answer that it got; none:
// it can't have got it.
func steps(before *state, op *Operation) (after []any) {
	add := func(next *state) {
		if next != nil {
			after = append(after, next)
		}
	}
	if op.Outcome == Nothing || op.Outcome == Unknown || op.Kind == Expire {
		add(before)
	}
	switch {
	case op.Outcome == Nothing:
		return after
	case op.Code == "conflict": // a change of a key that is revoked
		if before.revoked {
			add(before)
		}
		return after
	}
	switch op.Kind {
	case Charge, Call, Fail, Reserve:
		for _, now := range before.at(op) {
			add(now.charge(op))
		}
	case GiveBack:
		for _, next := range before.giveBack(op) {
			add(next)
		}
	case Settle, Void:
		add(before.end(op))
	case Expire:
		add(before.release(op))
	case SetLimit:
		next := *before
		next.limit = op.Units
		add(&next)
	case Reset:
		add(before.begin(before.period))
	case Rotate:
		next := *before
		next.secret = op.Secret + 1
		add(&next)
	case Revoke:
		next := *before
		next.revoked = true
		add(&next)
	case Read:
		for _, now := range before.at(op) {
			if now.total == op.Standing && now.limit == op.Limit {
				add(before)
			}
		}
	}
	return after
}

// day is how long a period is that ends.
const day = 24 * 60 * 60

// at returns the state in the period that the answer is about: the current one, or a later
// one, which begins with it. If the answer doesn't say, it may be either.
func (s *state) at(op *Operation) []*state {
	switch {
	case op.Period == s.period, op.Replayed: // or the answer is about the earlier charge's period
		return []*state{s}
	case op.Period == 0:
		return []*state{s, s.begin(s.period + day)}
	case s.period == 0:
		next := *s
		next.period = op.Period
		return []*state{&next, s.begin(op.Period)} // earlier answers did not say
	case op.Period > s.period:
		return []*state{s.begin(op.Period)}
	}
	return nil
}

// begin begins the count anew. What was held before no longer changes it.
func (s *state) begin(period int64) *state {
	next := *s
	next.total, next.period = 0, period
	next.holds = slices.Clone(s.holds)
	for i := range next.holds {
		next.holds[i].stale = true
	}
	return &next
}

// charge is a charge, or a reservation.
func (s *state) charge(op *Operation) *state {
	earlier := op.ID != "" && (op.Kind == Reserve && s.hold(op.ID) != nil || slices.Contains(s.replays, op.ID))
	refused := s.revoked || op.Secret != s.secret
	fits := op.Units <= s.limit-s.total
	if op.Outcome == Denied {
		possible := false
		switch op.Code {
		case "quota_exceeded":
			possible = !refused && !earlier && !fits && op.Units <= s.limit && (op.Standing < 0 || op.Standing == s.total)
		case "cost_exceeds_limit":
			possible = !refused && !earlier && op.Units > s.limit
		case "key_revoked", "key_expired":
			possible = refused
		}
		if !possible {
			return nil
		}
		return s
	}
	switch {
	case refused, op.Replayed && !earlier:
		return nil
	case earlier && (op.Replayed || op.Outcome == Unknown):
		return s
	case earlier, !fits, op.Limit > 0 && op.Limit != s.limit, op.Standing >= 0 && op.Standing != s.total+op.Units:
		return nil
	}
	next := *s
	next.total += op.Units
	switch {
	case op.Kind == Reserve:
		next.holds = s.put(hold{id: op.ID, units: op.Units})
	case op.Kind == Fail:
		next.holds = s.put(hold{id: op.ID, units: op.Units, stage: failing, after: next.total})
	case op.ID != "":
		next.replays = append(slices.Clone(s.replays), op.ID)
		slices.Sort(next.replays)
	}
	return &next
}

// giveBack is the refund of a failing call. Its answer tells what remained behind the
// charge, with or without it. One that says that the charge stays may be wrong.
func (s *state) giveBack(op *Operation) []*state {
	h := s.hold(op.ID)
	if h == nil || h.stage != failing {
		return nil
	}
	stays, back := *s, *s
	gone := *h
	gone.stage = ended
	stays.holds, back.holds = s.put(gone), s.put(gone)
	if !h.stale {
		back.total -= h.units
	}
	switch {
	case op.Outcome == Unknown, op.Standing < 0, op.Standing == h.after:
		return []*state{&stays, &back}
	case op.Standing == h.after-h.units:
		return []*state{&back}
	}
	return nil
}

// end is a settlement or a void.
func (s *state) end(op *Operation) *state {
	h := s.hold(op.ID)
	used := op.Units
	if op.Kind == Void {
		used = -1 // to tell it from a settlement of nothing
	}
	repeated := h != nil && h.stage == ended && h.used == used
	// Both leave nothing: of a reservation that has expired they are the same.
	alike := h != nil && h.stage == ended && max(h.used, used) == 0
	if op.Outcome == Denied {
		if op.Code == "reservation_unknown" && h == nil || op.Code == "reservation_conflict" && h != nil && h.stage == ended && !repeated {
			return s
		}
		return nil
	}
	switch {
	case h == nil:
		return nil
	case h.stage == ended && (repeated || alike):
		return s
	case h.stage == ended:
		return nil
	}
	next, over := *s, *h
	held := h.units
	if h.stage == released {
		held = 0
	}
	over.stage, over.used = ended, used
	next.holds = s.put(over)
	if !h.stale {
		next.total += max(0, used) - held
	}
	return &next
}

// release is the expiry of a reservation that gives back what it held.
func (s *state) release(op *Operation) *state {
	h := s.hold(op.ID)
	if h == nil || h.stage != open {
		return nil
	}
	next, free := *s, *h
	free.stage = released
	next.holds = s.put(free)
	if !h.stale {
		next.total -= h.units
	}
	return &next
}

func compareHold(h hold, id string) int { return cmp.Compare(h.id, id) }

func (s *state) hold(id string) *hold {
	if i, found := slices.BinarySearchFunc(s.holds, id, compareHold); found {
		return &s.holds[i]
	}
	return nil
}

// put returns the holds with one more, or changed.
func (s *state) put(h hold) []hold {
	holds := slices.Clone(s.holds)
	i, found := slices.BinarySearchFunc(holds, h.id, compareHold)
	if found {
		holds[i] = h
		return holds
	}
	return slices.Insert(holds, i, h)
}

func (s *state) equal(other *state) bool {
	return s.limit == other.limit && s.total == other.total && s.period == other.period && s.secret == other.secret && s.revoked == other.revoked &&
		slices.Equal(s.holds, other.holds) && slices.Equal(s.replays, other.replays)
}

func (s *state) hash() uint64 {
	hash := fnv.New64a()
	for _, number := range []int64{s.limit, s.total, s.period, int64(s.secret), int64(len(s.holds)), int64(len(s.replays))} {
		_, _ = hash.Write(strconv.AppendInt(nil, number, 36))
		_, _ = hash.Write([]byte{' '})
	}
	return hash.Sum64()
}
