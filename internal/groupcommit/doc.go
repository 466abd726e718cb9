// Package groupcommit turns many small writes into few large ones: while one
// commit is under way the next items queue, and the next commit takes all that
// wait. No timer holds a batch back, so an idle lane adds no latency and a busy
// one shares each flush between hundreds of callers.
//
// A [Batcher] is one lane: its commits never overlap, and items of one key are
// committed in the order in which they came. The batch is filled by taking one
// item per waiting key in turn, so that a hot key delays nobody but itself, and
// a full queue takes room from the key that holds the most.
//
// What an error says about the item:
//
//   - [ErrNotSent], which [ErrQueueFull] and [ErrClosed] are too: it had no
//     effect and never will.
//   - [ErrOutcomeUnknown]: it was handed to Commit, and nobody knows.
//   - anything else is Commit's own error, and Commit says what it means.
package groupcommit
