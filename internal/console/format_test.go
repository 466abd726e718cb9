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

func TestGrouped(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "999": "999", "1000": "1,000", "2000000/month": "2,000,000/month", "50000/second burst 20000": "50,000/second burst 20,000",
		"5000000 tokens/month": "5,000,000 tokens/month", "1234.5678 eur/day": "1,234.5678 eur/day", "1000 gpt4000/day": "1,000 gpt4000/day",
		"7000 8000 9000": "7,000 8,000 9,000", "unlimited": "unlimited", "99999999999999999999": "99999999999999999999",
	} {
		if got := grouped(text); got != want {
			t.Errorf("grouped(%q) = %q; want %q", text, got, want)
		}
	}
}
