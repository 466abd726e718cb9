package ration

import (
	"cmp"

	"github.com/ration-dev/ration/internal/bucket"
	"github.com/ration-dev/ration/internal/failures"
)

// UnknownSecrets bounds how many secrets that nobody has are looked up in the
// database, so that guessing costs it nothing. Each client address, of IPv6 each
// /64 network, may send Burst of them at once and PerSecond more each second; all
// addresses together, and those who send none, InAll each second, and five times as
// many at once. Of each bound 0 means its default and less than 0 none.
//
// Secrets that the engine has seen are never bounded, nor do those that turn out to
// be somebody's cost anything.
type UnknownSecrets struct {
	Burst     int // 0: 20
	PerSecond int // 0: 1
	InAll     int // 0: 200
}

const (
	defaultUnknownBurst     = 20
	defaultUnknownPerSecond = 1
	defaultUnknownInAll     = 200
	// inAllBurst is in how many seconds' time the budget of all addresses fills up. It
	// keeps the addresses that are in debt at once below what is remembered of them.
	inAllBurst = 5
)

func (u UnknownSecrets) budget() *failures.Budget {
	u.Burst = cmp.Or(u.Burst, defaultUnknownBurst)
	u.PerSecond = cmp.Or(u.PerSecond, defaultUnknownPerSecond)
	u.InAll = cmp.Or(u.InAll, defaultUnknownInAll)
	var config failures.Config
	if u.Burst > 0 && u.PerSecond > 0 {
		config.PerAddress = bucket.Rate{PerSecond: float64(u.PerSecond), Burst: float64(u.Burst)}
	}
	if u.InAll > 0 {
		config.InAll = bucket.Rate{PerSecond: float64(u.InAll), Burst: float64(u.InAll) * inAllBurst}
	}
	return failures.New(config)
}
