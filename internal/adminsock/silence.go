package adminsock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"time"
)

// mostSilence is how long a client waits for a sign of life. An operation may take as long
// as it needs: the server gives one at every beat.
const mostSilence = 20 * time.Second

// ErrSilent means that the server accepted a request and then gave no sign of life.
var ErrSilent = errors.New("the running server gives no sign of life")

// watching is a transport that ends requests which make no progress.
type watching struct {
	http.RoundTripper
	most time.Duration
}

// RoundTrip implements http.RoundTripper.
func (w *watching) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, watched := watchSilence(r.Context(), w.most)
	r = r.Clone(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		Got1xxResponse: func(int, textproto.MIMEHeader) error { watched.progress(); return nil },
	}))
	if r.Body != nil {
		r.Body = watchedBody{r.Body, watched}
	}
	response, err := w.RoundTripper.RoundTrip(r)
	if err != nil {
		watched.stop()
		return nil, watched.explain(err)
	}
	response.Body = watchedBody{response.Body, watched}
	return response, nil
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

func (s *silence) progress() { s.timer.Reset(s.most) }

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

// watchedBody is a body whose reads are progress. The request ends with it.
type watchedBody struct {
	io.ReadCloser
	watched *silence
}

// Read implements io.Reader.
func (b watchedBody) Read(buffer []byte) (int, error) {
	n, err := b.ReadCloser.Read(buffer)
	if n > 0 {
		b.watched.progress()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.watched.explain(err)
	}
	return n, err
}
