// Package observe is how the engine and the stores report what they do: batches, what
// waits for them, retries, commits whose answer was lost, what was deleted, and promises
// that are weakened. Logs and metrics read it.
//
// Whoever makes an engine or a store gives it an [Observer]; there is none by default,
// and nothing is global. What becomes of single requests is told by the ways in, such
// as to the observer of a rationhttp.Gate.
//
// No event tells whose charge it was, so none needs to be kept from a log. All texts
// but errors are from closed sets, so they can be labels of a metric.
package observe
