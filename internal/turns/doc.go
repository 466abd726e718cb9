// Package turns is a fair queue before something that does only so many things at
// once.
//
// Whoever waits does so in a line of their own: one turn goes to each line before
// any line gets a second, so that nobody is kept waiting by how much somebody else
// asks. Where the queue is full, the longest line gives up its newest place to
// whoever has a shorter one. Those who have shown no key have at most half of the
// turns, and half of the queue, between them.
package turns
