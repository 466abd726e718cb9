package console

import (
	"testing"
	"time"
)

func TestSpan(t *testing.T) {
	for length, want := range map[time.Duration]string{
		0: "1 s", time.Millisecond: "1 s", 59 * time.Second: "59 s", time.Minute: "1 min", 61 * time.Second: "1 min 1 s",
		12*time.Hour + 11*time.Minute + 22*time.Second: "12 h 11 min", 24 * time.Hour: "1 d", 49*time.Hour + time.Minute: "2 d 1 h", 24*time.Hour + time.Minute: "1 d",
	} {
		if got := span(length); got != want {
			t.Errorf("span(%s) = %q; want %q", length, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for number, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567", 1 << 62: "4,611,686,018,427,387,904"} {
		if got := count(number); got != want {
			t.Errorf("count(%d) = %q; want %q", number, got, want)
		}
	}
}
