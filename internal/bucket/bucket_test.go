package bucket_test

import (
	"encoding/binary"
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/bucket"
)

var start = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

func TestBucketHoldsItsBurstAndFillsSteadily(t *testing.T) {
	rate := bucket.Rate{PerSecond: 2, Burst: 5}
	var b bucket.Bucket
	for range 5 {
		b.Take(rate, start, 1)
	}
	for _, row := range []struct {
		after time.Duration
		left  float64
		wait  time.Duration
	}{
		{0, 0, 500 * time.Millisecond},
		{-time.Hour, 0, 500 * time.Millisecond}, // a clock that steps back
		{-time.Hour + 250*time.Millisecond, 0.5, 250 * time.Millisecond},
		{0, 5, 0},
		{time.Hour, 5, 0},
	} {
		now := start.Add(row.after)
		if left, wait := b.Left(rate, now), b.Wait(rate, now, 1); left != row.left || wait != row.wait {
			t.Errorf("after %s: %v left, wait %s; want %v, %s", row.after, left, wait, row.left, row.wait)
		}
	}
}

func TestBucketThatNeverFillsIsWaitedForForEver(t *testing.T) {
	rate := bucket.Rate{Burst: 1}
	var b bucket.Bucket
	b.Take(rate, start, 1)
	if wait := b.Wait(rate, start, 1); wait != math.MaxInt64 {
		t.Errorf("wait %s", wait)
	}
}

func TestClientsAreAddressesAndNetworks(t *testing.T) {
	for _, row := range []struct{ addr, want string }{
		{"203.0.113.7", "203.0.113.7"},
		{"::ffff:203.0.113.7", "203.0.113.7"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
		{"2001:db8:1:2::", "2001:db8:1:2::"},
		{"fe80::1%eth0", "fe80::"},
	} {
		if got := bucket.Client(netip.MustParseAddr(row.addr)); got != netip.MustParseAddr(row.want) {
			t.Errorf("%s is %s, want %s", row.addr, got, row.want)
		}
	}
}

// TestTableForgetsNoDebt comes from more addresses than a table has room for.
func TestTableForgetsNoDebt(t *testing.T) {
	const size = 1000
	rate := bucket.Rate{PerSecond: 1, Burst: 10}
	table := bucket.NewTable(rate, size, func(*struct{}) bool { return false })
	debtor := address(0)
	table.Get(debtor, start).Bucket.Take(rate, start, 10)
	refused := 0
	for i := range 100 * size {
		entry := table.Get(address(i+1), start)
		if entry == nil {
			refused++
			continue
		}
		entry.Bucket.Take(rate, start, 1)
	}
	if table.Len() != size || refused != 99*size+1 {
		t.Errorf("%d entries, %d addresses were refused", table.Len(), refused)
	}
	if left := table.Get(debtor, start).Bucket.Left(rate, start); left != 0 {
		t.Errorf("the debtor has %v left", left)
	}
	if table.Get(address(-1), start.Add(500*time.Millisecond)) != nil {
		t.Error("there was room before a debt was paid")
	}
	if table.Get(address(-1), start.Add(time.Second)) == nil || table.Len() > 2 { // all but the debtor have paid
		t.Errorf("%d entries once the debts are paid", table.Len())
	}
}

// TestTableOfPassersByStaysSmall has addresses that leave their buckets full.
func TestTableOfPassersByStaysSmall(t *testing.T) {
	table := bucket.NewTable(bucket.Rate{PerSecond: 1, Burst: 1}, 1<<16, func(used *bool) bool { return *used })
	kept := table.Get(address(0), start)
	kept.State = true
	for i := range 100_000 {
		table.Get(address(i+1), start)
	}
	if table.Len() > 512 || table.Get(address(0), start) != kept {
		t.Errorf("%d entries", table.Len())
	}
}

func address(i int) netip.Addr {
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(i))))
}
