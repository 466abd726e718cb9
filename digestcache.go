package ration

import "sync"

const digestCacheShards = 16

// digestCache remembers which key each digest belongs to. Its entries can't go stale:
// a digest never changes hands, and the deciding transaction reads whether its secret
// is still valid. The cache is bounded: each shard has two generations of entries,
// and forgets the older one when the younger is full.
type digestCache struct {
	shards [digestCacheShards]digestShard
}

type digestShard struct {
	mu         sync.RWMutex
	size       int // most entries of a generation
	young, old map[Digest]SecretRef
}

func newDigestCache(size int) *digestCache {
	c := &digestCache{}
	for i := range c.shards {
		c.shards[i].size = max(1, size/digestCacheShards/2)
		c.shards[i].young = make(map[Digest]SecretRef)
	}
	return c
}

func (c *digestCache) get(digest Digest) (SecretRef, bool) {
	shard := &c.shards[digest[0]%digestCacheShards]
	shard.mu.RLock()
	ref, young := shard.young[digest]
	old := false
	if !young {
		ref, old = shard.old[digest]
	}
	shard.mu.RUnlock()
	if old {
		c.put(digest, ref)
	}
	return ref, young || old
}

func (c *digestCache) put(digest Digest, ref SecretRef) {
	shard := &c.shards[digest[0]%digestCacheShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if len(shard.young) >= shard.size {
		shard.old, shard.young = shard.young, make(map[Digest]SecretRef, shard.size)
	}
	shard.young[digest] = ref
}

// len returns how many entries there are; one that was seen again may count twice.
func (c *digestCache) len() int {
	count := 0
	for i := range c.shards {
		shard := &c.shards[i]
		shard.mu.RLock()
		count += len(shard.young) + len(shard.old)
		shard.mu.RUnlock()
	}
	return count
}
