package override_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/override"
)

// BenchmarkReader measures how fast bodies that name nothing pass, beside a copy of
// one that isn't looked at.
func BenchmarkReader(b *testing.B) {
	for _, row := range []struct{ name, kind, body string }{
		{"not looked at", "application/octet-stream", strings.Repeat("0123456789abcdef", 1<<16)},
		{"JSON", json, "[" + strings.Repeat(`{"id":12345,"name":"somebody","text":"it's a sentence of some length, as people write","tags":["a","b"]},`, 10_000) + "0]"},
		{"form", form, strings.Repeat("name=somebody&text=a+sentence+of+some%20length&id=12345&", 18_000)},
		{"multipart", parts, "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\n" + strings.Repeat("0123456789abcde-", 1<<16) + "\r\n--b--\r\n"},
	} {
		b.Run(row.name, func(b *testing.B) {
			header := http.Header{"Content-Type": {row.kind}}
			b.SetBytes(int64(len(row.body)))
			b.ReportAllocs()
			for b.Loop() {
				r := override.NewReader(io.NopCloser(strings.NewReader(row.body)), header, both)
				if n, err := io.Copy(io.Discard, struct{ io.Reader }{r}); err != nil || n != int64(len(row.body)) {
					b.Fatal(n, err)
				}
			}
		})
	}
}
