package failures_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ration-dev/ration/internal/bucket"
	"github.com/ration-dev/ration/internal/failures"
)

var here = netip.MustParseAddr("203.0.113.7")

func perAddress(perSecond, burst float64) failures.Config {
	return failures.Config{PerAddress: bucket.Rate{PerSecond: perSecond, Burst: burst}}
}

// fail makes a look-up that finds nothing, and reports whether it was let.
func fail(t *testing.T, b *failures.Budget, addr netip.Addr) bool {
	t.Helper()
	try, retry, err := b.Begin(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	if retry == 0 {
		try.FoundNothing()
	}
	return retry == 0
}

func failures1000(t *testing.T, b *failures.Budget, addr netip.Addr) (let int) {
	t.Helper()
	for range 1000 {
		if fail(t, b, addr) {
			let++
		}
	}
	return let
}

func TestFailuresOfAnAddressAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := failures.New(perAddress(1, 20))
		if let := failures1000(t, b, here); let != 20 {
			t.Errorf("%d of a burst of 20", let)
		}
		_, retry, _ := b.Begin(t.Context(), here)
		if retry != time.Second {
			t.Errorf("retry after %s, want 1s", retry)
		}
		time.Sleep(7 * time.Second)
		if let := failures1000(t, b, here); let != 7 {
			t.Errorf("%d after 7 seconds", let)
		}
		if !fail(t, b, netip.MustParseAddr("203.0.113.8")) {
			t.Error("another address pays for it")
		}
	})
}

func TestNetworkOfIPv6IsOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, let := failures.New(perAddress(1, 20)), 0
		for i := range 1000 {
			if fail(t, b, netip.MustParseAddr(fmt.Sprintf("2001:db8:1:2:%x::%x", i, i))) {
				let++
			}
		}
		if let != 20 {
			t.Errorf("%d from one /64", let)
		}
	})
}

func TestLookUpsThatFindSomethingCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := failures.New(perAddress(1, 2))
		for range 1000 {
			try, retry, err := b.Begin(t.Context(), here)
			if retry != 0 || err != nil {
				t.Fatalf("got %s, %v", retry, err)
			}
			try.Found()
		}
	})
}

// TestGuessesAtOnceGetNoMore begins a thousand look-ups before one has ended.
func TestGuessesAtOnceGetNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := failures.New(perAddress(1, 20))
		var let, now atomic.Int64
		all(1000, func(int) {
			try, retry, err := b.Begin(t.Context(), here)
			if retry != 0 || err != nil {
				return
			}
			let.Add(1)
			if now.Add(1) > 20 {
				t.Error("more at once than the burst")
			}
			time.Sleep(time.Millisecond) // the read
			now.Add(-1)
			try.FoundNothing()
		})
		if let.Load() != 20 {
			t.Errorf("%d were let", let.Load())
		}
	})
}

// TestCrowdBehindOneAddressIsServed has more valid secrets that nobody has seen
// yet than the burst: they wait for each other and none is refused.
func TestCrowdBehindOneAddressIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := failures.New(perAddress(1, 20))
		var served atomic.Int64
		all(1000, func(int) {
			try, retry, err := b.Begin(t.Context(), here)
			if retry != 0 || err != nil {
				return
			}
			time.Sleep(time.Millisecond)
			served.Add(1)
			try.Found()
		})
		if served.Load() != 1000 {
			t.Errorf("%d of 1000 were served", served.Load())
		}
	})
}

func TestWhoStopsWaitingHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := failures.New(perAddress(1, 1))
		try, _, _ := b.Begin(t.Context(), here)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		all(10, func(int) {
			if _, _, err := b.Begin(ctx, here); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
		try.Found()
		if !fail(t, b, here) {
			t.Error("the token did not come back")
		}
	})
}

// TestWhoIsGrantedAndGoesAtOnceHoldsNothing ends a wait by a grant and by its
// context at the same instant, many times.
func TestWhoIsGrantedAndGoesAtOnceHoldsNothing(t *testing.T) {
	b := failures.New(perAddress(0, 1)) // a token that is lost would never come back
	for range 2000 {
		try, retry, err := b.Begin(t.Context(), here)
		if retry != 0 || err != nil {
			t.Fatal("the token was lost")
		}
		ctx, cancel := context.WithCancel(t.Context())
		waited := make(chan struct{})
		go func() {
			defer close(waited)
			if try, retry, err := b.Begin(ctx, here); retry == 0 && err == nil {
				try.Found()
			}
		}()
		go cancel()
		try.Found()
		<-waited
	}
}

func TestAllAddressesTogetherAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := perAddress(1, 20)
		config.InAll = bucket.Rate{PerSecond: 10, Burst: 50}
		b, let := failures.New(config), 0
		for i := range 100_000 {
			if fail(t, b, netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})) {
				let++
			}
		}
		for range 1000 {
			if fail(t, b, netip.Addr{}) { // nobody's address
				let++
			}
		}
		if let != 50 {
			t.Errorf("%d of a burst of 50", let)
		}
	})
}

// TestManyAddressesForgetNoDebt fills the memory from many addresses.
func TestManyAddressesForgetNoDebt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := perAddress(0.1, 1)
		config.Addresses = 100
		b := failures.New(config)
		fail(t, b, here)
		let := 0
		for i := range 10_000 {
			if fail(t, b, netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})) {
				let++
			}
		}
		if let != 99 || fail(t, b, here) {
			t.Errorf("%d of 99 more addresses, and the first one's debt is forgotten: %t", let, let == 99)
		}
		time.Sleep(10 * time.Second) // all have paid
		if !fail(t, b, here) {
			t.Error("a debt that was paid is remembered")
		}
	})
}

func all(n int, do func(i int)) {
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { do(i) })
	}
	group.Wait()
}
