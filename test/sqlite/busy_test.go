package sqlite_test

import (
	"database/sql"
	"net/http"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver of the tool that keeps the file busy
)

// tally counts the answers of one kind.
type tally struct {
	mu                    sync.Mutex
	admitted, unavailable int
	other                 map[int]int
	slowest               time.Duration
}

func (c *tally) note(status int, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slowest = max(c.slowest, took)
	switch status {
	case http.StatusOK:
		c.admitted++
	case http.StatusServiceUnavailable:
		c.unavailable++
	default:
		c.other[status]++
	}
}

func (c *tally) count() (admitted, unavailable int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.admitted, c.unavailable
}

// TestForeignWriterUnderLoad writes to the file with another tool for longer
// than a server waits: callers get 503, and nothing else, until it ends.
func TestForeignWriterUnderLoad(t *testing.T) {
	const clients, deadline = 12, 5 * time.Second // the engine's
	s := newServer(t, t.TempDir())
	answers := &tally{other: map[int]int{}}
	stop := make(chan struct{})
	var calling sync.WaitGroup
	for range clients {
		calling.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				start := time.Now()
				answers.note(s.call(), time.Since(start))
			}
		})
	}
	tool, err := sql.Open("sqlite", s.path)
	if err != nil {
		t.Fatal(err)
	}
	defer tool.Close()
	conn, err := tool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for range busyHolds {
		await(t, func() bool { admitted, _ := answers.count(); return admitted > 100 })
		for _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil; {
			_, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE") // the server had it
		}
		_, before := answers.count()
		await(t, func() bool { _, unavailable := answers.count(); return unavailable >= before+clients })
		if _, err := conn.ExecContext(t.Context(), "COMMIT"); err != nil {
			t.Fatal(err)
		}
		healed, _ := answers.count()
		await(t, func() bool { admitted, _ := answers.count(); return admitted > healed+100 })
	}
	close(stop)
	calling.Wait()
	if len(answers.other) > 0 {
		t.Errorf("other answers than 200 and 503: %v", answers.other)
	}
	if answers.slowest > 2*deadline {
		t.Errorf("an answer took %s", answers.slowest)
	}
	s.wantCounted(answers.admitted, 0)
}

// await asks again and again.
func await(t *testing.T, condition func() bool) {
	t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(time.Minute); !condition(); <-again.C {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}
