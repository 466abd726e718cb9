// Package keyrequests is where people without a key ask for one and pick it up: the bounds
// of what strangers may cost, and the JSON API.
package keyrequests
