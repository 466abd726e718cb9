// Package ration gives an HTTP API keys and exact, durable quotas.
//
// It holds the words of the domain ([Key], [Plan], [Limit], [Charge],
// [Decision], [Reservation]) and the [Engine] that commits decisions in groups to a
// [Store] before it answers.
//
// A charge asks for amounts on meters in the name of a key. It is admitted only
// if every limit of the key on those meters has room, and it is answered only
// after the store has committed and flushed it. Stores live in the packages
// sqlite and postgres. What a limit means is said once, in a package that both call
// inside their transaction.
//
// Amounts are whole numbers from 0 to [MaxUnits]. All types without methods
// that change them are safe for concurrent reading; [Engine] is safe for
// concurrent use.
package ration
