package adminapi

import (
	"encoding/base64"
	"encoding/json"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// cursor is where a list goes on. Clients get it as a text whose form is ours alone.
type cursor struct {
	List string `json:"l"` // the list that it belongs to
	Key  string `json:"k,omitempty"`
}

// text returns a cursor as clients get it.
func (c cursor) text() *string {
	plain, _ := json.Marshal(c) // it has only texts
	return new(base64.RawURLEncoding.EncodeToString(plain))
}

// readCursor reads a cursor of a list; the empty text is the beginning.
func readCursor(list, text string) (c cursor, err error) {
	if text == "" {
		return cursor{List: list}, nil
	}
	plain, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(plain, &c)
	}
	if err != nil || c.List != list {
		return cursor{}, errBadCursor
	}
	return c, nil
}

var errBadCursor = invalidForm("?cursor", "use next_cursor of the page before, as it is, with the same path")

const listOfKeys = "keys"

// readKeyCursor reads where a walk over keys goes on.
func readKeyCursor(text string) (ration.KeyID, error) {
	c, err := readCursor(listOfKeys, text)
	if err != nil || c.Key == "" {
		return ration.KeyID{}, err
	}
	id, err := ration.ParseKeyID(c.Key)
	if err != nil {
		return id, errBadCursor
	}
	return id, nil
}

// keyCursor returns the cursor after a key, nil after the last.
func keyCursor(last ration.KeyID) *string {
	if last.IsZero() {
		return nil
	}
	return cursor{List: listOfKeys, Key: last.String()}.text()
}

// pageOfKeys makes a page of what was found, which is one more than the page has if there
// is a page after it.
func pageOfKeys(found []admin.KeyRecord, size int, convert func([]admin.KeyRecord) []api.KeyRecord) api.Page[api.KeyRecord] {
	page := api.Page[api.KeyRecord]{}
	if len(found) > size {
		found = found[:size]
		page.NextCursor = keyCursor(found[size-1].ID)
	}
	page.Items = convert(found)
	return page
}
