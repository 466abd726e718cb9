package adminsock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	// mostSilence is how long a client waits for a sign of life. An operation may
	// take as long as it needs: the server gives one at every beat.
	mostSilence  = 20 * time.Second
	beatInterval = 2 * time.Second
)

// ErrSilent means that the server accepted a request and then gave no sign of life.
var ErrSilent = errors.New("the running server gives no sign of life")

// beat writes white space, which JSON may begin with, at intervals until it is
// stopped. Nothing else may be written before that.
func beat(w http.ResponseWriter, every time.Duration) (stop func()) {
	ended := make(chan struct{})
	var beating sync.WaitGroup
	beating.Go(func() {
		ticks := time.NewTicker(every)
		defer ticks.Stop()
		for {
			select {
			case <-ended:
				return
			case <-ticks.C:
				_, err := io.WriteString(w, "\n")
				if errors.Join(err, http.NewResponseController(w).Flush()) != nil {
					return // the client has gone; the operation goes on
				}
			}
		}
	})
	return func() {
		close(ended)
		beating.Wait()
	}
}

// silence ends a request that makes no progress.
type silence struct {
	ctx   context.Context
	most  time.Duration
	timer *time.Timer
	end   context.CancelCauseFunc
}

// watchSilence returns a context that ends after a time without progress.
func watchSilence(parent context.Context, most time.Duration) (context.Context, *silence) {
	ctx, end := context.WithCancelCause(parent)
	s := &silence{ctx: ctx, most: most, end: end}
	s.timer = time.AfterFunc(most, func() { end(fmt.Errorf("%w: none for %s", ErrSilent, most)) })
	return ctx, s
}

func (s *silence) stop() {
	s.timer.Stop()
	s.end(nil)
}

// explain returns why a request was ended, if it was for silence.
func (s *silence) explain(err error) error {
	if cause := context.Cause(s.ctx); errors.Is(cause, ErrSilent) {
		return fmt.Errorf("%w; if it hangs, restart it: %w", cause, err)
	}
	return err
}

// reader is one whose reads are progress.
func (s *silence) reader(r io.Reader) io.Reader { return progress{r, s} }

type progress struct {
	io.Reader
	watched *silence
}

// Read implements io.Reader.
func (p progress) Read(buffer []byte) (int, error) {
	n, err := p.Reader.Read(buffer)
	if n > 0 {
		p.watched.timer.Reset(p.watched.most)
	}
	return n, err
}
