package rationhttp

import (
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dunglas/httpsfv"

	"github.com/ration-dev/ration"
)

const (
	// IdempotencyKeyHeader carries a client's idempotency key
	// (draft-ietf-httpapi-idempotency-key-header-07).
	IdempotencyKeyHeader = "Idempotency-Key"
	// IdempotentReplayedHeader is "true" in the answer to a repeated request whose
	// charge was decided before.
	IdempotentReplayedHeader = "Idempotent-Replayed"
)

// ErrIdempotencyKey says that a request's idempotency key is not valid. It doesn't
// show the key.
var ErrIdempotencyKey error = &ration.Error{
	Code:    CodeInvalidIdempotencyKey,
	Message: "the idempotency key must be sent once, and be 1 to 255 bytes of UTF-8 without control characters",
}

// IdempotencyKey returns the key in the Idempotency-Key field, and false if there is
// no such field. A value in quotes is a String of RFC 9651, as the draft wants it.
// Any other value is the key itself, as many clients send it. Both forms of one text
// are the same key. The error is [ErrIdempotencyKey], also if there are two fields,
// because nobody knows which of them is meant.
func IdempotencyKey(header http.Header) (key string, found bool, err error) {
	values := header[IdempotencyKeyHeader]
	if len(values) == 0 {
		return "", false, nil
	}
	if len(values) > 1 {
		return "", true, ErrIdempotencyKey
	}
	key = trimOWS(values[0])
	if strings.HasPrefix(key, `"`) {
		item, err := httpsfv.UnmarshalItem([]string{key})
		if err != nil {
			return "", true, ErrIdempotencyKey // and not as it stands: a lost quote must not make another key
		}
		key = item.Value.(string) // nothing else begins with a quote
	}
	if key == "" || len(key) > ration.MaxIdempotencyKeyLength || !utf8.ValidString(key) || strings.ContainsFunc(key, unicode.IsControl) {
		return "", true, ErrIdempotencyKey
	}
	return key, true, nil
}
