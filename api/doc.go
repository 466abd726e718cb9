// Package api has the types of Ration's JSON, and nothing else: requests and answers
// of the verify API, bodies of refused requests, and what the ration command prints
// with -o json. Times are in RFC 3339 and UTC, durations in whole seconds, and
// amounts are whole numbers from 0 to 2^53.
package api
