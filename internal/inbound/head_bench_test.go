package inbound_test

import (
	"net/http"
	"testing"

	"github.com/ration-dev/ration/internal/inbound"
)

const canary = "rk_canaryCanaryCanary0123456789"

// BenchmarkHead measures what cleaning the head of a browser's request costs.
func BenchmarkHead(b *testing.B) {
	clean := inbound.Cleaner(canary)
	browser := http.Header{
		"Accept": {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"}, "Accept-Encoding": {"gzip, deflate, br, zstd"},
		"Accept-Language": {"en-GB,en;q=0.5"}, "Cookie": {"session=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4ifQ.dBjftJeZ4CVP-mBtrJu9; theme=dark; _ga=GA1.2.1234567.890"},
		"Referer": {"https://app.example.com/search?q=an%20example&page=2"}, "Sec-Fetch-Dest": {"document"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Site": {"none"},
		"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"}, "X-Api-Key": {canary}, "X-Requested-With": {"XMLHttpRequest"}, "Traceparent": {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
	}
	b.ReportAllocs()
	for b.Loop() {
		clean(browser.Clone())
	}
}

// BenchmarkClone is what of BenchmarkHead is the copy alone.
func BenchmarkClone(b *testing.B) {
	header := http.Header{}
	for _, name := range []string{"A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L"} {
		header[name] = []string{"value"}
	}
	for b.Loop() {
		header.Clone()
	}
}
