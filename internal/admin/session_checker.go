package admin

import (
	"context"
	"errors"
	"fmt"

	"github.com/ration-dev/ration"
)

// ErrSessionOver means that there is no such session, or that it is over. It does not say
// which.
var ErrSessionOver = errors.New("the session is over")

// sessionsAtOnce is how many sessions one read checks at most.
const sessionsAtOnce = 256

// SessionChecker checks sessions as [TokenChecker] checks tokens: each answer comes from a
// read that began after its question, so a session that was ended, or whose token was
// revoked, is never accepted again. It is safe for concurrent use.
type SessionChecker struct {
	pepper []byte
	uses   *lastUses
	reads  digestReads[SessionRecord]
}

// NewSessionChecker returns a checker for the sessions that a [Service] with the same
// configuration begins.
func NewSessionChecker(sessions SessionChecks, config Config) *SessionChecker {
	return &SessionChecker{pepper: config.Pepper, uses: newLastUses(sessions.NoteSessionsSeen), reads: newDigestReads(sessions.SessionsByDigest, sessionsAtOnce)}
}

// Check returns a session that is not over, with what it may do now. Errors:
// ErrSessionOver, and [ration.ErrStoreUnavailable] if the session could not be read. All
// secrets of sessions have a checksum, and a text without one is refused without a read.
func (c *SessionChecker) Check(ctx context.Context, secret ration.Secret) (Session, error) {
	if len(secret.Reveal()) > ration.MaxSecretLength || !secret.Generated() {
		return Session{}, ErrSessionOver
	}
	read, err := c.reads.Do(ctx, secret.Digest(c.pepper))
	if err != nil {
		return Session{}, fmt.Errorf("checking a session: %w: %w", ration.ErrStoreUnavailable, err)
	}
	if read.record.Actor == "" { // there is none
		return Session{}, ErrSessionOver
	}
	session := read.record.shown(read.now)
	if !session.EndedAt.IsZero() {
		return Session{}, ErrSessionOver
	}
	c.uses.note(session.ID, session.SeenAt, read.now)
	return session, nil
}

// Close waits until the checks under way are answered, or ctx ends, and a moment for what
// is being written of the sessions that were seen. Later checks get an error.
func (c *SessionChecker) Close(ctx context.Context) error {
	err := c.reads.Close(ctx)
	c.uses.close()
	return err
}
