package adminapi

import (
	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

const adviceOnCursors = "use next_cursor of the answer before, as it is, with the same path and parameters"

// readKeyCursor reads where a walk over keys goes on.
func readKeyCursor(pointer, text string) (ration.KeyID, error) {
	id, err := wire.ParseKeyCursor(text)
	if err != nil {
		return id, invalidForm(pointer, adviceOnCursors)
	}
	return id, nil
}

// pageOfKeys makes a page of what was found, which is one more than the page has if there
// is a page after it.
func pageOfKeys(found []admin.KeyRecord, size int, convert func([]admin.KeyRecord) []api.KeyRecord) api.Page[api.KeyRecord] {
	page := api.Page[api.KeyRecord]{}
	if len(found) > size {
		found = found[:size]
		page.NextCursor = wire.KeyCursor(found[size-1].ID)
	}
	page.Items = convert(found)
	return page
}
