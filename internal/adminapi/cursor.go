package adminapi

import (
	"github.com/ration-dev/ration"
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
