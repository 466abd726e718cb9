// Package observe has the events by which the engine and the stores report what they
// do: batches and their queues, retries, commits whose answer was lost, deleted rows,
// and weakened promises. Logs and metrics are made from them.
//
// The program that makes an engine or a store passes it an [Observer]. By default
// there is none, and nothing is global. Single requests are reported by the
// integrations, such as to the observer of a rationhttp.Gate.
//
// No event says whose charge it was, so all of them can be logged. All texts except
// errors and details are from closed sets, so they can be labels of a metric.
package observe
