package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/ration-dev/ration/api"
)

// call is one request, which may be sent several times.
type call struct {
	method, path string
	query        url.Values
	header       http.Header
	body         any  // nil: none
	reads        bool // it changes nothing
	repeatable   bool // sent again, it changes nothing more
}

// codeRunning is the code of an answer to a call that was sent before, and is not done yet.
const codeRunning = "idempotency_key_in_use"

// maxAnswer is the longest answer that is read, in bytes.
const maxAnswer = 256 << 20

// ask sends a call and reads its answer.
func ask[Out any](ctx context.Context, t *transport, c call) (out Out, header http.Header, err error) {
	var body []byte
	if c.body != nil {
		if body, err = json.Marshal(c.body); err != nil {
			return out, nil, fmt.Errorf("writing the request: %w", err)
		}
	}
	text, header, err := t.send(ctx, &c, body)
	if err != nil || len(text) == 0 {
		return out, header, err
	}
	if err := json.Unmarshal(text, &out); err != nil {
		done := ""
		if !c.reads {
			done = "; the change was made"
		}
		return out, header, fmt.Errorf("reading the server's answer: %w%s", err, done)
	}
	return out, header, nil
}

// send sends a call until it has an answer that counts.
func (t *transport) send(ctx context.Context, c *call, body []byte) (text []byte, header http.Header, err error) {
	var lost error // an earlier attempt of which nobody knows what it did
	for attempt := 0; ; attempt++ {
		text, header, err = t.sendOnce(ctx, c, body)
		if lost != nil && errors.Is(err, ErrUnavailable) {
			err = fmt.Errorf("%w; sent again: %v", lost, err) //nolint:errorlint // for the whole call it isn't true that nothing was done
		}
		if err == nil || attempt == t.retries || !c.canRepeat(err) || !pause(ctx, backoff(attempt, err)) {
			return text, header, err
		}
		if lost == nil && errors.Is(err, ErrOutcomeUnknown) {
			lost = err
		}
	}
}

func (t *transport) sendOnce(ctx context.Context, c *call, body []byte) ([]byte, http.Header, error) {
	target := t.base + c.path
	if len(c.query) > 0 {
		target += "?" + c.query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, c.method, target, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	for name, values := range c.header {
		r.Header[name] = values
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if t.token != "" {
		r.Header.Set("Authorization", "Bearer "+string(t.token))
	}
	attempt := new(attempt)
	response, err := t.http.Do(r.WithContext(attempt.watch(ctx)))
	if err != nil {
		return nil, nil, c.unanswered(ctx, attempt, err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, nil, c.unanswered(ctx, attempt, err)
	}
	if response.StatusCode >= http.StatusMultipleChoices || len(text) > 0 && mediaType(response) != "application/json" {
		return nil, response.Header, c.refused(refusal(response, text))
	}
	return text, response.Header, nil
}

// unanswered says what is known of a call that got no answer.
func (c *call) unanswered(ctx context.Context, attempt *attempt, err error) error {
	switch {
	case attempt.unsent(err):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case !c.reads:
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	case ctx.Err() != nil: // the caller didn't wait
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// refused says what is known of a call that was refused. A proxy that lost the server says
// nothing of what the server has done.
func (c *call) refused(refused *Error) error {
	if refused.Code() == "" && refused.Status >= http.StatusInternalServerError && !c.reads {
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, refused)
	}
	return refused
}

func mediaType(response *http.Response) string {
	found, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	return found
}

func refusal(response *http.Response, text []byte) *Error {
	refused := &Error{Status: response.StatusCode, Location: response.Header.Get("Location")}
	if mediaType(response) == api.ProblemContentType {
		if err := json.Unmarshal(text, &refused.Problem); err != nil {
			refused.Problem = api.Problem{}
		}
	}
	if refused.Problem.RetryAfter == nil {
		if seconds, err := strconv.ParseInt(response.Header.Get("Retry-After"), 10, 64); err == nil {
			refused.Problem.RetryAfter = &seconds
		}
	}
	return refused
}

// canRepeat reports whether a call that failed can be sent again.
func (c *call) canRepeat(err error) bool {
	repeatable := c.reads || c.repeatable
	if refused, ok := errors.AsType[*Error](err); ok {
		return refused.Code() == codeUnavailable ||
			repeatable && refused.Code() == codeRunning ||
			repeatable && (refused.Status == http.StatusBadGateway || refused.Status == http.StatusServiceUnavailable || refused.Status == http.StatusGatewayTimeout)
	}
	return errors.Is(err, ErrUnavailable) || repeatable && errors.Is(err, ErrOutcomeUnknown)
}

const (
	firstPause = 200 * time.Millisecond
	mostPause  = 5 * time.Second
)

// backoff returns how long to wait before a call is sent again: as long as the server says,
// else longer each time, and never the same for all clients.
func backoff(attempt int, err error) time.Duration {
	wait := firstPause << attempt
	if refused, ok := errors.AsType[*Error](err); ok && refused.Problem.RetryAfter != nil {
		wait = max(wait, time.Duration(min(*refused.Problem.RetryAfter, 3600))*time.Second)
	}
	wait = min(wait, mostPause)
	return wait/2 + rand.N(wait/2+1) //nolint:gosec // spreads load; it is no secret
}

// pause waits, and reports whether ctx has not ended meanwhile.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
