// Package demo is what "ration dev" shows: an example API to stand behind the
// proxy, and a plan, a key and a token to try it with.
package demo
