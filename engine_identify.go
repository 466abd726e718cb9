package ration

import (
	"context"
	"fmt"
	"net/netip"
	"time"
)

// KeyOf returns the key that a secret belongs to. It decides nothing: the key may be
// disabled, or its limits used up. It asks the store only about secrets that this
// engine has not seen before. If the secret belongs to no key, or was not looked up
// (see [UnknownSecrets]; addr is the client's address), the KeyID is zero, and the
// decision is the one that a charge would get. Its error is [ErrStoreUnavailable].
func (e *Engine) KeyOf(ctx context.Context, secret Secret, addr netip.Addr) (KeyID, Decision, error) {
	digest := secret.Digest(e.config.Pepper)
	if ref, known := e.digests.get(digest); known {
		return ref.KeyID, Decision{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, e.config.MaxWait)
	defer cancel()
	ref, refused, err := e.lookUp(ctx, digest, addr)
	return ref.KeyID, refused, err
}

// lookUp resolves a digest that isn't remembered, if the budget of its address
// allows. If no key has it, or it was not looked up, it returns the decision that
// follows.
func (e *Engine) lookUp(ctx context.Context, digest Digest, addr netip.Addr) (SecretRef, Decision, error) {
	try, retry, err := e.unknown.Begin(ctx, addr)
	if err != nil {
		return SecretRef{}, Decision{}, fmt.Errorf("%w: %w", ErrStoreUnavailable, err)
	}
	if retry > 0 {
		return SecretRef{}, Decision{Code: CodeKeyUnchecked, RetryAfter: retry, DecidedAt: time.Now()}, nil
	}
	ref, known := e.digests.get(digest) // it may have been found meanwhile
	if !known {
		ref, err = e.resolve(ctx, digest)
	}
	switch {
	case err != nil: // which isn't the client's doing
		try.Found()
		return SecretRef{}, Decision{}, err
	case ref.KeyID.IsZero():
		try.FoundNothing()
		return SecretRef{}, Decision{Code: CodeKeyUnknown, DecidedAt: time.Now()}, nil
	}
	try.Found()
	return ref, Decision{}, nil
}
