package rationhttp

import (
	"context"
	"net/netip"
	"time"

	"github.com/ration-dev/ration"
)

// Recogniser finds the key that a secret belongs to, as a [ration.Engine] does.
type Recogniser interface {
	// KeyOf returns the key that a secret belongs to, without deciding anything; see
	// [ration.Engine.KeyOf].
	KeyOf(ctx context.Context, secret ration.Secret, addr netip.Addr) (ration.KeyID, ration.Decision, error)
}

var _ Recogniser = (*ration.Engine)(nil)

// Recognise finds out whose request it is, without a decision, so that a request can
// be refused before it waits for its turn. If the caller presents no key that exists,
// it returns the refusal, which takes the place of an answer of [Gate.Ask]. Otherwise
// the answer is nil. The KeyID is zero if the key can't be found out.
func (g *Gate) Recognise(ctx context.Context, caller Caller, question Question) (ration.KeyID, *Answer) {
	start := time.Now()
	key, answer := g.recognise(ctx, &caller, &question)
	if answer != nil && g.Observe != nil {
		g.observe(ctx, &question, answer, start)
	}
	return key, answer
}

func (g *Gate) recognise(ctx context.Context, caller *Caller, question *Question) (ration.KeyID, *Answer) {
	if caller.Err != nil {
		return ration.KeyID{}, &Answer{Err: caller.Err, Response: g.Responder.Failed(caller.Err, question.RequestID)}
	}
	recogniser, able := g.Charger.(Recogniser)
	if !able {
		return ration.KeyID{}, nil
	}
	decision, certain := unsent(caller.Credential.Secret)
	var key ration.KeyID
	var err error
	if !certain {
		key, decision, err = recogniser.KeyOf(ctx, caller.Credential.Secret, caller.IP)
	}
	if err != nil || !key.IsZero() {
		return key, nil
	}
	answer := &Answer{Credential: caller.Credential, Decision: decision}
	answer.Response = g.Responder.Decided(&answer.Decision, question.echo(caller.Credential))
	return key, answer
}
