// Package metrics has the numbers that /metrics serves, in Prometheus's format.
//
// Labels have values from closed sets only: a way in, a code, a route of the
// configuration, a reason. None has a key, a name, a path or anything else that comes
// from outside, so whatever clients send, an instance has a bounded number of series.
//
// A way in is counted by passing [Metrics.Observe] its events, as it passes them to the
// access log: internal/cli puts it into the observer that all ways in share. Its name
// and codes have to be known to package traffic (see its words.go), and its routes to
// [Config]; what is unknown is counted as "other". The engine and the stores are
// observed as an [observe.Observer].
package metrics
