package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"

	"github.com/ration-dev/ration"
)

// ErrCursor means that a text is no cursor, or that of another list.
var ErrCursor = errors.New("it is not a cursor of this list")

// sealSize is how many bytes of a cursor tie its position to its list.
const sealSize = 8

// The lists that cursors belong to.
const (
	ListOfAudit        = "audit"
	ListOfUsageDays    = "usage-days"
	ListOfTokens       = "tokens"
	ListOfPlans        = "plans"
	ListOfMeters       = "meters"
	ListOfReservations = "reservations"
	ListOfJobs         = "jobs"
	ListOfKeyRequests  = "key-requests"
	ListOfSessions     = "sessions"
	ListOfDeliveries   = "deliveries"
	ListOfKeys         = "keys"

	walkOfKeys = "walk-of-keys" // by operations that go from key to key
)

// Cursor returns where a list goes on, as a text whose form is ours alone. The query has
// the parameters that select and sort the list, and the position, which is written as
// JSON, is where the last page has ended. The text holds for this list with this query
// only. It is no secret, and nobody gains anything by forging one: whoever sends it sees
// no more of the list than without.
func Cursor(list string, query url.Values, position any) *string {
	plain, err := json.Marshal(position)
	if err != nil {
		panic("wire: a position that is no JSON: " + err.Error())
	}
	return new(base64.RawURLEncoding.EncodeToString(append(seal(list, query, plain), plain...)))
}

// ReadCursor reads the position of a cursor of a list with a query. The empty text is the
// beginning: it leaves the position as it is. Error: [ErrCursor].
func ReadCursor(list string, query url.Values, text string, position any) error {
	if text == "" {
		return nil
	}
	whole, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(whole) < sealSize {
		return ErrCursor
	}
	sealed, plain := whole[:sealSize], whole[sealSize:]
	if !bytes.Equal(sealed, seal(list, query, plain)) || json.Unmarshal(plain, position) != nil {
		return ErrCursor
	}
	return nil
}

// seal is the digest of all that a cursor stands for. Pages may have different sizes and
// forms, so these don't matter.
func seal(list string, query url.Values, position []byte) []byte {
	selection := maps.Clone(query)
	for _, parameter := range []string{"cursor", "limit", "format"} {
		delete(selection, parameter)
	}
	sum := sha256.Sum256(slices.Concat([]byte(list), []byte{0}, []byte(selection.Encode()), []byte{0}, position))
	return sum[:sealSize]
}

// KeyCursor returns the cursor after a key, for operations that go from key to key. The
// zero key has none.
func KeyCursor(last ration.KeyID) *string {
	if last.IsZero() {
		return nil
	}
	return Cursor(walkOfKeys, nil, last)
}

// ParseKeyCursor returns the key that a cursor comes after. The empty text is the beginning.
// Error: [ErrCursor].
func ParseKeyCursor(text string) (last ration.KeyID, err error) {
	err = ReadCursor(walkOfKeys, nil, text, &last)
	return last, err
}
