// Package demo is what "ration dev" shows: an example API to stand behind the
// proxy, a plan, a key and a token to try it with, and keys with a made-up history.
package demo
