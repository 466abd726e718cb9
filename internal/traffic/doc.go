// Package traffic counts the answers that ways in give, by UTC hour, way in and code, and
// writes the counts to the database every few seconds. Refusals write nothing there by
// themselves, which is what makes them cheap.
//
// The counts are to be looked at, and no limit reads them: a process that is killed loses
// those of its last seconds. What is counted twice or for ever by mistake would be worse,
// so each write says how much was counted altogether, and may be repeated.
package traffic
