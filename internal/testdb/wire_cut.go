package testdb

import (
	"math/rand/v2"
	"slices"
)

// Cut is a point at which a [Wire] breaks a connection, on both sides.
type Cut int

// The points, in the order in which a transaction passes them.
const (
	// CutFirstSync is the end of a transaction's first round trip: the server has
	// done all of it and is ready for more, and that word is lost.
	CutFirstSync Cut = iota
	// CutBeforeCommit is before COMMIT: the server has got all that precedes it
	// and never sees COMMIT.
	CutBeforeCommit
	// CutCommitAnswer is before the answer to COMMIT: the server has committed,
	// and its whole answer is lost.
	CutCommitAnswer
	// CutInsideCommitAnswer is inside that answer: the first half of its message
	// arrives.
	CutInsideCommitAnswer

	cutCount
)

// String names the point.
func (at Cut) String() string {
	return [cutCount]string{"at the first Sync", "before COMMIT", "COMMIT's whole answer", "inside COMMIT's answer"}[at]
}

// CutNext makes the next connections break that come to a point, so many of them.
// Transactions that are sent whole, in one round trip, don't count.
func (w *Wire) CutNext(at Cut, times int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next, w.times = at, times
}

// CutRandomly makes a share of all connections break that come to one of the
// points, until Heal; also those whose transaction is sent whole.
func (w *Wire) CutRandomly(seed uint64, share float64, at ...Cut) {
	w.mu.Lock()
	defer w.mu.Unlock()
	//nolint:gosec // a test that can be repeated needs numbers that can
	w.random, w.share, w.points = rand.New(rand.NewPCG(seed, 0)), share, at
}

// OnCut makes f be called before each cut, on a goroutine of the wire's, which
// waits for it.
func (w *Wire) OnCut(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.onCut = f
}

// Cuts returns how many connections broke at a point, without those whose
// transaction was sent whole.
func (w *Wire) Cuts(at Cut) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cuts[at]
}

// cutsAt reports whether a connection is to break here. Whole says that its
// transaction was sent whole.
func (w *Wire) cutsAt(at Cut, whole bool) bool {
	w.mu.Lock()
	var cut bool
	switch {
	case w.times > 0 && w.next == at && !whole:
		w.times--
		cut = true
	case w.random != nil && slices.Contains(w.points, at):
		cut = w.random.Float64() < w.share
	}
	if cut && !whole {
		w.cuts[at]++
	}
	onCut := w.onCut
	w.mu.Unlock()
	if cut && onCut != nil {
		onCut()
	}
	return cut
}
