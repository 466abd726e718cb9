package rewrite_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/rewrite"
)

// records returns a JSON answer of about size bytes, as a list endpoint gives it.
func records(size int) []byte {
	var body bytes.Buffer
	body.WriteString(`{"user":"someone","items":[`)
	for i := 0; body.Len() < size-200; i++ {
		fmt.Fprintf(&body, `{"id":%d,"name":"record %d","price":%d.5,"tags":["a","b\n"],"active":true,"note":null},`, i, i, i)
	}
	body.WriteString(`{}],"quota":{"remaining":0,"limit":0},"usage":{"total_tokens":37}}`)
	return body.Bytes()
}

// prose returns a JSON answer of about size bytes that is nearly all one text.
func prose(size int) []byte {
	return []byte(`{"user":"someone","text":"` + strings.Repeat(`words and \"words\" `, size/20) + `","quota":{"remaining":0,"limit":0},"usage":{"total_tokens":37}}`)
}

func eachBody(b *testing.B, run func(b *testing.B, body []byte)) {
	for _, row := range []struct {
		name string
		body []byte
	}{
		{"small", records(0)},
		{"records 64 KiB", records(64 << 10)},
		{"records 1 MiB", records(1 << 20)},
		{"prose 64 KiB", prose(64 << 10)},
		{"prose 1 MiB", prose(1<<20 - 1024)},
	} {
		b.Run(row.name, func(b *testing.B) {
			b.SetBytes(int64(len(row.body)))
			b.ReportAllocs()
			run(b, row.body)
		})
	}
}

func BenchmarkApply(b *testing.B) {
	var one, eight rewrite.Body
	for at, field := range map[string]string{
		"/quota/remaining": "remaining", "/quota/limit": "limit", "/quota/used": "used", "/quota/resets_at": "resets_at",
		"/user": "key_name", "/key": "key_id", "/plan": "plan", "/owner": "owner",
	} {
		if err := eight.Add(at, field); err != nil {
			b.Fatal(err)
		}
	}
	if err := one.Add("/quota/remaining", "remaining"); err != nil {
		b.Fatal(err)
	}
	for _, row := range []struct {
		name  string
		rules *rewrite.Body
	}{{"one value", &one}, {"eight values", &eight}} {
		b.Run(row.name, func(b *testing.B) {
			eachBody(b, func(b *testing.B, body []byte) {
				for b.Loop() {
					if got := row.rules.Apply(body, decision()); bytes.Equal(got, body) {
						b.Fatal("nothing was changed")
					}
				}
			})
		})
	}
}

func BenchmarkFind(b *testing.B) {
	pointer, err := rewrite.ParsePointer("/usage/total_tokens")
	if err != nil {
		b.Fatal(err)
	}
	eachBody(b, func(b *testing.B, body []byte) {
		for b.Loop() {
			if value, found := pointer.Find(body); !found || string(value) != "37" {
				b.Fatalf("found %q", value)
			}
		}
	})
}
