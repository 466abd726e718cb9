// Package ration gives an HTTP API keys and exact, durable quotas.
//
// An [Engine] decides each [Charge]. It answers only after a [Store] has committed the
// decision and flushed it to disk. The packages sqlite and postgres have the stores.
// What a limit means is defined in one pure function, which both stores call inside
// their transaction.
//
// # Words
//
// These words mean the same thing everywhere: in Go, in the database, in commands
// and in answers.
//
//   - A [Key] is one account: who may call, on which plan, with which scopes. Its
//     [KeyID] identifies it; its name is only displayed. A key has one or more secrets.
//   - A [Secret] is what a client sends. The database keeps only its [Digest].
//   - A meter is a name for what is counted. Ration always counts on the meter
//     "requests"; others have names of your own, such as "tokens". An [Amount] is a
//     number of units on one meter, from 0 to [MaxUnits].
//   - A [Limit] bounds a meter. It is a quota for each [Period] (hour, day, week, month,
//     lifetime), or a rate per second or minute, with a burst: the most units at one
//     instant. A [Plan] is a named set of limits. An [Override] is a key's own limit,
//     for good or for a time.
//   - A [Charge] asks for amounts in the name of a key. Either all limits of the key on
//     those meters are charged, or none is. A [Decision] answers it.
//   - A charge with a [Hold] makes a [Reservation]: its amounts are held, and count
//     against limits, but are not used yet. The reservation is then settled (what was
//     really used is counted), voided (nothing is counted), or it expires.
//   - A [Receipt] says in which periods a charge was counted. With it the charge can be
//     given back, which is called a refund.
//   - A [PeriodID] identifies one period for ever, such as one day. A [Posting] is an
//     amount, with the periods that it was counted in.
//   - A [Batch] is what a store decides in one transaction. It has items: each is a
//     charge, the [End] of a reservation, or a refund. A lane is a queue of an engine;
//     the items that wait in it make up its next batch.
//
// Amounts are whole numbers. Types whose methods don't change them are safe for
// concurrent reading. [Engine] is safe for concurrent use.
package ration
