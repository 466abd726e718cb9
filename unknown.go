package ration

import (
	"cmp"

	"github.com/ration-dev/ration/internal/bucket"
	"github.com/ration-dev/ration/internal/failures"
)

// UnknownSecrets bounds how many unknown secrets (secrets that no key has) are looked
// up in the database, so that guessing secrets costs it almost nothing. Each client
// address (with IPv6, each /64 network) may send Burst of them at once, and PerSecond
// more each second. All addresses together, and charges without an address, may send
// InAll each second, and five times as many at once. 0 means the default of a bound,
// and a negative number means that there is no bound.
//
// Secrets that the engine has already seen are never bounded. A secret that turns out
// to belong to a key doesn't use up these bounds.
type UnknownSecrets struct {
	Burst     int // 0: 20
	PerSecond int // 0: 1
	InAll     int // 0: 200
}

const (
	defaultUnknownBurst     = 20
	defaultUnknownPerSecond = 1
	defaultUnknownInAll     = 200
	// inAllBurst is the number of seconds in which the budget of all addresses fills
	// up. It keeps the number of addresses that are in debt at once below the number
	// that is remembered.
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
