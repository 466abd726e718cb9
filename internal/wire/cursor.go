package wire

import (
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/ration-dev/ration"
)

// cursor is where a walk over a list goes on. Clients get it as a text whose form is ours
// alone.
type cursor struct {
	List string `json:"l"` // the list that it belongs to
	Key  string `json:"k,omitempty"`
}

// ErrCursor means that a text is no cursor, or that of another list.
var ErrCursor = errors.New("it is not a cursor of this list")

const listOfKeys = "keys"

// KeyCursor returns the cursor after a key. The zero key has none.
func KeyCursor(last ration.KeyID) *string {
	if last.IsZero() {
		return nil
	}
	plain, _ := json.Marshal(cursor{List: listOfKeys, Key: last.String()}) // it has only texts
	return new(base64.RawURLEncoding.EncodeToString(plain))
}

// ParseKeyCursor returns the key that a cursor comes after. The empty text is the beginning.
// Error: [ErrCursor].
func ParseKeyCursor(text string) (ration.KeyID, error) {
	if text == "" {
		return ration.KeyID{}, nil
	}
	var c cursor
	plain, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(plain, &c) != nil || c.List != listOfKeys {
		return ration.KeyID{}, ErrCursor
	}
	id, err := ration.ParseKeyID(c.Key)
	if err != nil {
		return id, ErrCursor
	}
	return id, nil
}
