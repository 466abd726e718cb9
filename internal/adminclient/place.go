package adminclient

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/internal/wire"
)

// after returns the cursor after a key; the zero key is the beginning.
func after(key ration.KeyID) string {
	if cursor := wire.KeyCursor(key); cursor != nil {
		return *cursor
	}
	return ""
}

func readCursor(cursor *string) (ration.KeyID, error) {
	if cursor == nil {
		return ration.KeyID{}, nil
	}
	return wire.ParseKeyCursor(*cursor)
}

// version returns the version that a change is meant for; zero: any.
func version(seen time.Time) string {
	if seen.IsZero() {
		return client.AnyVersion
	}
	return wire.Version(seen)
}
