package certfile

import (
	"context"
	"crypto/tls"
	"log/slog"
	"sync/atomic"
	"time"
)

// Certificate is a certificate and its key, read from two files. It is safe for
// concurrent use.
type Certificate struct {
	files   Files
	current atomic.Pointer[tls.Certificate]
	held    content // of the files when they were read last; Watch's
}

// Open reads a certificate and its key. Its error is an [Error]: a file can't be read
// or has the wrong form, everybody can read the key, or the two don't belong
// together. An expired certificate is not an error: the caller decides what to do
// with it.
func Open(files Files) (*Certificate, error) {
	held, err := read(files)
	if err != nil {
		return nil, err
	}
	pair, err := parse(files, held)
	if err != nil {
		return nil, err
	}
	c := &Certificate{files: files, held: held}
	c.current.Store(pair)
	return c, nil
}

// Get is for [tls.Config]'s GetCertificate. It never fails.
func (c *Certificate) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.current.Load(), nil
}

// Validity returns from when to when the certificate may be used.
func (c *Certificate) Validity() (from, to time.Time) {
	leaf := c.current.Load().Leaf
	return leaf.NotBefore, leaf.NotAfter
}

// Watch looks at the files again and again, with pauses of every, and takes over new
// ones, until ctx ends. Open connections stay as they are. It logs each new
// certificate. It logs a fault once, and only if it lasts until the next look,
// because two files are seldom written at the same instant. Only one Watch may run at
// a time.
func (c *Certificate) Watch(ctx context.Context, every time.Duration, log *slog.Logger) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var fault string // found by the last look
	said := false    // and logged
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		replaced, err := c.look()
		switch {
		case err == nil:
			fault = ""
			if replaced {
				_, to := c.Validity()
				log.InfoContext(ctx, "the certificate was replaced", "certificate", c.files.Cert, "expires", to)
			}
		case err.Error() != fault:
			fault, said = err.Error(), false
		case !said:
			said = true
			log.ErrorContext(ctx, "the new certificate can't be used; Ration keeps the previous one", "certificate", c.files.Cert, "error", err)
		}
	}
}

// look reads the files, and takes over what is new in them and whole.
func (c *Certificate) look() (replaced bool, err error) {
	held, err := read(c.files)
	if err != nil || held == c.held {
		return false, err
	}
	pair, err := parse(c.files, held)
	if err != nil {
		return false, err
	}
	c.held = held
	c.current.Store(pair)
	return true, nil
}
