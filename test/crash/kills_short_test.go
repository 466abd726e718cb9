//go:build !long

package crash_test

const kills = 6
