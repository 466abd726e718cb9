package verify

import (
	"context"
	"errors"

	"github.com/ration-dev/ration/internal/bearer"
)

// refusalOf returns what is to be answered for an error of [bearer.Callers].
func refusalOf(err error) error {
	refused, ok := errors.AsType[*bearer.Refusal](err)
	if !ok {
		return err
	}
	return &refusal{
		status: refused.Status, code: refused.Code, detail: refused.Detail,
		challenge: refused.Challenge, retry: refused.RetryAfter,
	}
}

// confirm checks the service token, unless a decision has.
func (c *call) confirm(ctx context.Context) error { return refusalOf(c.asks.Confirm(ctx)) }

// confirmOr returns why the service token is refused, or else another error.
func (c *call) confirmOr(other error) error {
	ctx, cancel := c.wait()
	defer cancel()
	err := c.confirm(ctx)
	if _, refused := errors.AsType[*refusal](err); refused {
		return err
	}
	return other
}
