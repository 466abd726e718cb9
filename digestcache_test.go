package ration

import (
	"encoding/binary"
	"testing"
)

func TestDigestCacheForgetsTheOldestAndStaysBounded(t *testing.T) {
	const size = 320
	cache := newDigestCache(size)
	digest := func(i int) (d Digest) {
		d[0] = byte(i)
		binary.BigEndian.PutUint64(d[8:], uint64(i))
		return d
	}
	ref := SecretRef{KeyID: NewKeyID()}
	for i := range 100 * size {
		cache.put(digest(i), ref)
		if got, ok := cache.get(digest(i)); !ok || got != ref {
			t.Fatalf("digest %d is not there right after it was put", i)
		}
		cache.get(digest(0)) // in use, so it is kept
	}
	entries := 0
	for i := range cache.shards {
		entries += len(cache.shards[i].young) + len(cache.shards[i].old)
	}
	if entries > size {
		t.Errorf("%d entries, want at most %d", entries, size)
	}
	if _, ok := cache.get(digest(0)); !ok {
		t.Error("a digest that is in use was forgotten")
	}
	if _, ok := cache.get(digest(1)); ok {
		t.Error("a digest that nobody used was kept for ever")
	}
}
