//go:build long

package proxy_test

// disorders is how many requests end in any order.
const disorders = 3000
