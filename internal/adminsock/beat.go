package adminsock

import (
	"maps"
	"net/http"
	"sync"
	"time"
)

// beatInterval is the time between two signs of life.
const beatInterval = 2 * time.Second

// beating lets a handler take its time: until it answers, the client gets an interim
// response (102, RFC 2518) at intervals.
func beating(handler http.Handler, every time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &beatingWriter{w: w, header: http.Header{}}
		ended := make(chan struct{})
		var beat sync.WaitGroup
		beat.Go(func() { answer.beat(every, ended) })
		defer beat.Wait()
		defer close(ended)
		handler.ServeHTTP(answer, r)
	})
}

// beatingWriter keeps the handler and the beat from writing at the same time.
type beatingWriter struct {
	header http.Header // of the answer, apart from the one that interim responses are sent with

	mu       sync.Mutex
	w        http.ResponseWriter
	answered bool
}

func (b *beatingWriter) beat(every time.Duration, ended <-chan struct{}) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for {
		select {
		case <-ended:
			return
		case <-ticks.C:
			b.mu.Lock()
			if !b.answered {
				b.w.WriteHeader(http.StatusProcessing)
			}
			b.mu.Unlock()
		}
	}
}

// Header implements http.ResponseWriter.
func (b *beatingWriter) Header() http.Header { return b.header }

// WriteHeader implements http.ResponseWriter.
func (b *beatingWriter) WriteHeader(status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer(status)
}

// Write implements http.ResponseWriter.
func (b *beatingWriter) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer(http.StatusOK)
	return b.w.Write(text)
}

func (b *beatingWriter) answer(status int) {
	if b.answered {
		return
	}
	b.answered = true
	maps.Copy(b.w.Header(), b.header)
	b.w.WriteHeader(status)
}

// Unwrap lets an [http.ResponseController] find the connection.
func (b *beatingWriter) Unwrap() http.ResponseWriter { return b.w }
