// Package ration gives an HTTP API keys and exact, durable quotas.
//
// An [Engine] decides each [Charge], and answers only after a [Store] has committed
// the decision and flushed it to disk. Stores live in the packages sqlite and
// postgres. One pure function, which both call inside their transaction, says what a
// limit means.
//
// # Words
//
// These words mean the same thing everywhere: in Go, in the database, in commands
// and in answers.
//
//   - A [Key] is one account: who may call, on which plan, with which scopes. It is
//     known by its [KeyID]; its name is for display. A key has one or more secrets.
//   - A [Secret] is what a client sends. The database keeps its [Digest] only.
//   - A meter is what is counted: "requests" always, and any other that is named,
//     such as "tokens". An [Amount] is a number of units on one meter, 0 … [MaxUnits].
//   - A [Limit] bounds a meter: a quota in each [Period] (hour, day, week, month,
//     lifetime), or a rate by the second or minute, with a burst. A [Plan] is a named
//     set of limits; an [Override] is a key's own limit, for good or for a time.
//   - A [Charge] asks for amounts in the name of a key. All limits of the key on
//     those meters are charged, or none. A [Decision] answers it.
//   - A charge with a [Hold] makes a [Reservation]: the amounts are reserved, not
//     used, until the reservation is settled with what was really used, voided, or
//     expires.
//   - A [Receipt] says what a charge was counted as, so that it can be given back: a
//     refund.
//   - A [PeriodID] names one period for ever, such as one day. A [Posting] is units
//     and the periods that they were counted in.
//   - A [Batch] is what one transaction of a store decides: items, each a charge, an
//     [End] of a reservation, or a refund. A lane is a queue of an engine; the items
//     that wait in it make its next batch.
//
// Amounts are whole numbers. Types without methods that change them are safe for
// concurrent reading; [Engine] is safe for concurrent use.
package ration
