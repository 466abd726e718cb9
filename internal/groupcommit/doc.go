// Package groupcommit turns many small writes into a few large ones. While one commit
// is under way, the next items queue, and the next commit takes all that wait. No
// timer holds a batch back, so an idle lane adds no latency, and a busy one shares
// each flush to disk among hundreds of callers. Before a lane takes a batch, it lets
// other goroutines run that are ready to: on a busy machine, many of those are callers
// who then join.
//
// A [Batcher] is one lane: its commits never overlap, and items of one key are
// committed in the order in which they came. A batch takes one item per waiting key
// in turn, so that a busy key delays only itself. A full queue takes room from the
// key that has the most items.
//
// What an error says about the item:
//
//   - [ErrNotSent], which [ErrQueueFull] and [ErrClosed] are too: it had no
//     effect and never will.
//   - [ErrOutcomeUnknown]: it was handed to Commit, and nobody knows.
//   - anything else is Commit's own error, and Commit says what it means.
package groupcommit
