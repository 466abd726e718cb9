package rationhttp

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/felixge/httpsnoop"
)

// Refund gives a request's charge back, whatever the handler answers. Call it in a
// handler behind a Middleware that has [WithRefunds], with the request's context. If
// the answer has not begun yet, Refund corrects the header fields that say what
// remains. Its errors are those of [Gate.GiveBack].
func Refund(ctx context.Context) error {
	charged, found := ctx.Value(chargedKey{}).(*charged)
	if !found {
		return ErrNotRefundable
	}
	return charged.giveBack()
}

type chargedKey struct{}

// charged is an admitted request whose charge may be given back.
type charged struct {
	gate     *Gate
	policy   *Refunds
	ctx      context.Context // of the request, as http.Request has it
	question Question
	header   http.Header

	mu       sync.Mutex // a handler may call Refund from anywhere
	answer   Answer
	answered bool // the client has got, or is about to get, the head of the answer
}

// giveBack gives back what was charged, once.
func (c *charged) giveBack() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.gate.GiveBack(c.ctx, &c.question, &c.answer)
	if err == nil && !c.answered {
		c.answer.Response.Apply(c.header)
	}
	return err
}

// judge gives the charge back if the policy says so, before the head of an answer
// goes out. It doesn't if the client has gone: that may be why the handler failed.
func (c *charged) judge(status int) {
	if !c.hasAnswered() && c.policy.After(status) && !errors.Is(c.ctx.Err(), context.Canceled) {
		_ = c.giveBack() // on an error the charge stays, and the observer is told
	}
	c.begin()
}

// begin records that the head of an answer goes out.
func (c *charged) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answered = true
}

func (c *charged) hasAnswered() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answered
}

// serve runs a handler. One that panics before it has answered counts as one that
// answers 502; the panic goes on.
func (c *charged) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	finished := false
	defer func() {
		if !finished {
			c.judge(http.StatusBadGateway)
		}
		c.begin()
	}()
	next.ServeHTTP(c.watch(w), r)
	finished = true
}

// watch returns a writer with the abilities of w that tells when an answer begins.
// All but WriteHeader begin one of status 200, or none of HTTP's.
func (c *charged) watch(w http.ResponseWriter) http.ResponseWriter {
	return httpsnoop.Wrap(w, httpsnoop.Hooks{
		WriteHeader: func(writeHeader httpsnoop.WriteHeaderFunc) httpsnoop.WriteHeaderFunc {
			return func(status int) {
				if status >= 200 || status == http.StatusSwitchingProtocols {
					c.judge(status)
				}
				writeHeader(status)
			}
		},
		Write: func(write httpsnoop.WriteFunc) httpsnoop.WriteFunc {
			return func(content []byte) (int, error) { c.begin(); return write(content) }
		},
		WriteString: func(write httpsnoop.WriteStringFunc) httpsnoop.WriteStringFunc {
			return func(content string) (int, error) { c.begin(); return write(content) }
		},
		ReadFrom: func(readFrom httpsnoop.ReadFromFunc) httpsnoop.ReadFromFunc {
			return func(content io.Reader) (int64, error) { c.begin(); return readFrom(content) }
		},
		Flush: func(flush httpsnoop.FlushFunc) httpsnoop.FlushFunc {
			return func() { c.begin(); flush() }
		},
		Hijack: func(hijack httpsnoop.HijackFunc) httpsnoop.HijackFunc {
			return func() (net.Conn, *bufio.ReadWriter, error) { c.begin(); return hijack() }
		},
	})
}
