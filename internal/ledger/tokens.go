package ledger

import (
	"time"

	"github.com/ration-dev/ration"
)

// Tokens are the service tokens in whose names the items of a batch are asked for. A
// store reads them in the transaction that decides, after it has the locks, so that a token
// that was revoked before a question never admits it.
type Tokens struct {
	digests []ration.Digest
	valid   map[ration.Digest]bool
}

// TokensOf returns the tokens that items name, of which nothing is read yet.
func TokensOf(items []ration.Item) (tokens Tokens) {
	for i := range items {
		digest := items[i].Token
		if _, noted := tokens.valid[digest]; noted || digest == (ration.Digest{}) {
			continue
		}
		if tokens.valid == nil {
			tokens.valid = make(map[ration.Digest]bool, 1)
		}
		tokens.digests, tokens.valid[digest] = append(tokens.digests, digest), false
	}
	return tokens
}

// Digests returns the digests of the tokens that the store has to read, each once.
func (t *Tokens) Digests() []ration.Digest { return t.digests }

// Take takes in a token that was read. What is left out does not exist.
func (t *Tokens) Take(digest ration.Digest, expiresAt, revokedAt, now time.Time) {
	t.valid[digest] = TokenIsValid(expiresAt, revokedAt, now)
}

// Refuse returns the decision on an item that is asked for in the name of a token that is
// not valid; refused is false if nothing is against its token.
func (t *Tokens) Refuse(item *ration.Item, clock Clock) (decision ration.Decision, refused bool) {
	if item.Token == (ration.Digest{}) || t.valid[item.Token] {
		return ration.Decision{}, false
	}
	return ration.Decision{Code: ration.CodeTokenInvalid, DecidedAt: clock.Now, DryRun: item.IsDryRun()}, true
}

// TokenIsValid says whether a service token is valid. Zero times: it never ends, it was not
// revoked.
func TokenIsValid(expiresAt, revokedAt, now time.Time) bool {
	return revokedAt.IsZero() && (expiresAt.IsZero() || now.Before(expiresAt))
}
