package rationhttp

import (
	"context"
	"net/netip"
	"time"

	"github.com/ration-dev/ration"
)

// Recogniser finds out whose a secret is, as a [ration.Engine] does.
type Recogniser interface {
	// KeyOf returns whose a secret is without deciding anything; see [ration.Engine.KeyOf].
	KeyOf(ctx context.Context, secret ration.Secret, addr netip.Addr) (ration.KeyID, ration.Decision, error)
}

var _ Recogniser = (*ration.Engine)(nil)

// Recognise finds out whose request it is, before it waits for anything that [Gate.Ask]
// need not wait for. What shows no key that exists is refused at once, by an answer
// that stands for the one of Ask; otherwise the answer is nil, and the KeyID is zero
// where it can't be told.
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
