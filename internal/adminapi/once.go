package adminapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sealed"
	"github.com/ration-dev/ration/rationhttp"
)

// Repeatable is the part of an operation's input that makes it safe to send again.
type Repeatable struct {
	IdempotencyKey string `header:"Idempotency-Key" doc:"1 to 255 bytes. For 24 hours, the same request with the same key is done once, and gets the same answer."`
	RawBody        []byte
}

// Replayable is the part of such an operation's output that says whether the answer was
// given before.
type Replayable struct {
	Replayed string `header:"Idempotent-Replayed" json:"-" doc:"true: this was done before, and this is the answer of then."`
}

func (r *Replayable) replay() { r.Replayed = "true" }

// minUnguessable is the shortest idempotency key that also keeps the answer secret: 128
// random bits, five in a character.
const minUnguessable = 26

var (
	errGuessable = &Refusal{
		Status: http.StatusBadRequest, Code: rationhttp.CodeInvalidIdempotencyKey,
		Detail: fmt.Sprintf("Without a service token, the Idempotency-Key must be a random text of at least %d characters, such as a UUID: it also keeps the answer secret.", minUnguessable),
	}
	errStillRunning = &Refusal{
		Status: http.StatusConflict, Code: "idempotency_key_in_use", RetryAfter: 1,
		Detail: "A request with this Idempotency-Key is still running. Send it again to get its answer.",
	}
)

// repeatable adds what an operation with a [Repeatable] may answer.
var repeatable = []int{http.StatusConflict, http.StatusUnprocessableEntity}

// once makes a change. If the request has an idempotency key, the change is made once,
// and the answer is kept in its transaction, encrypted with a key that only the caller
// has.
func once[Result, O any](ctx context.Context, c Caller, in Repeatable, change func(context.Context) (Result, error), answer func(Result) *O) (*O, error) {
	r := requestOf(ctx)
	key, found, err := rationhttp.IdempotencyKey(r.header)
	if err != nil {
		return nil, err
	}
	if !found {
		result, err := change(ctx)
		if err != nil {
			return nil, err
		}
		return answer(result), nil
	}
	box, err := boxOf(c, key)
	if err != nil {
		return nil, err
	}
	request := box.Fingerprint(r.target, canonical(in.RawBody))
	seal := func(result any) ([]byte, error) {
		made, ok := result.(Result)
		if !ok {
			return nil, fmt.Errorf("keeping an answer: %T is not the expected %T", result, made)
		}
		text, err := json.Marshal(answer(made))
		return box.Seal(text, request), err
	}
	result, err := change(admin.WithOnce(ctx, &admin.Once{ID: box.ID(), Request: request, Seal: seal}))
	repeated, isRepeated := errors.AsType[*admin.RepeatedError](err)
	switch {
	case isRepeated && repeated.Request != request:
		return nil, ration.ErrIdempotencyMismatch
	case isRepeated:
		return replayed[O](box, repeated)
	case errors.Is(err, admin.ErrRunning):
		return nil, errStillRunning
	case err != nil:
		return nil, err
	}
	return answer(result), nil
}

// boxOf returns what seals answers for a caller.
func boxOf(c Caller, key string) (*sealed.Box, error) {
	if c.Secret.IsZero() && len(key) < minUnguessable {
		return nil, errGuessable
	}
	return sealed.NewBox(c.Secret.Reveal(), key)
}

// replayed returns the answer that was kept.
func replayed[O any](box *sealed.Box, repeated *admin.RepeatedError) (*O, error) {
	text, err := box.Open(repeated.Answer, repeated.Request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ration.ErrStoreUnavailable, err)
	}
	kept := new(O)
	if err := json.Unmarshal(text, kept); err != nil {
		return nil, fmt.Errorf("reading an answer that was kept: %w", err)
	}
	if output, ok := any(kept).(interface{ replay() }); ok {
		output.replay()
	}
	return kept, nil
}

// canonical returns a body in a form in which spaces, escapes and the order of members
// don't matter. Whoever sends a request again may write it anew.
func canonical(body []byte) string {
	value := jsontext.Value(body).Clone()
	if err := value.Compact(jsontext.ReorderRawObjects(true), jsontext.PreserveRawStrings(false)); err != nil {
		return string(body)
	}
	return string(value)
}
