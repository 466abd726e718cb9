package count

import (
	"context"
	"maps"
	"sync"
)

// Memory counts in a map, and forgets with the process.
type Memory struct {
	mu   sync.Mutex
	used map[string]int64
}

// NewMemory returns a counter that has counted nothing.
func NewMemory() *Memory { return &Memory{used: make(map[string]int64)} }

// Count implements [Counter].
func (m *Memory) Count(_ context.Context, key string, n int64) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.used[key]+n > Limit {
		return false, nil
	}
	m.used[key] += n
	return true, nil
}

// Used implements [Reader].
func (m *Memory) Used(context.Context) (map[string]int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.used), nil
}

// Close implements [Counter].
func (*Memory) Close(context.Context) error { return nil }
