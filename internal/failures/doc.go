// Package failures bounds what looking up unknown secrets may cost: each client
// address has a budget, and all addresses together have one.
//
// Only a look-up that finds nothing spends anything. One that is under way holds
// its part of the address's budget until it is known what it found, so a thousand
// guesses at once get no more than one after the other; those that find something
// give it back at once, and whoever waits for it goes on. The budget of all is not
// held that way: it may be overdrawn by what is under way, and pays that back.
package failures
