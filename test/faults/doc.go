// Package faults breaks the database under instances that are being called, and
// checks what Ration promises for that: nothing is let through uncounted, no
// limit is passed, callers get an answer in time, nothing piles up, and it heals
// without a hand.
//
// A [Fault] says how something breaks and how it is put right again; a new one is
// a few lines in a table. [Rig.Cycle] runs one under load and returns a [Report],
// whose Violations are what was not kept. Cycles don't run in parallel: they count
// what the whole process holds.
package faults
