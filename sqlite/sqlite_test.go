package sqlite_test

import (
	"testing"
	"time"

	"github.com/ration-dev/ration/sqlite"
	"github.com/ration-dev/ration/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Harness {
		clock := newFakeClock(time.Now())
		store := open(t, sqlite.Config{Path: newPath(t), Clock: clock.now})
		return storetest.Harness{Store: store, SetNow: clock.set}
	})
}
