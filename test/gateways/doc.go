// Package gateways runs the configurations of docs/GATEWAYS.md, line by line, in
// the gateways themselves, with the built binary behind them.
package gateways
