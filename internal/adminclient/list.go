package adminclient

import (
	"cmp"
	"math"
	"net/url"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

// How many items the operations return if nobody says how many.
const (
	defaultEntries      = 1_000
	defaultReservations = 1_000
	defaultJobs         = 1_000
	defaultRequests     = 1_000
	defaultSessions     = 1_000
	defaultDeliveries   = 1_000
	defaultDays         = 10_000
	allOfThem           = math.MaxInt

	mostOfPage = 1_000
)

// gather reads as many items as were asked for, page by page. It sets the paging of the
// query before each page.
func gather[W, T any](limit, otherwise int, paging *client.Paging, read func(W) (T, error), page func() (api.Page[W], error)) (items []T, err error) {
	if err := admin.ValidatePageSize(limit); err != nil {
		return nil, err
	}
	for most := cmp.Or(limit, otherwise); ; {
		paging.PageSize = min(most-len(items), mostOfPage)
		found, err := page()
		if err != nil {
			return nil, failed(err)
		}
		converted, err := all(found.Items, read)
		if err != nil {
			return nil, err
		}
		items = append(items, converted...)
		if found.NextCursor == nil || len(items) >= most {
			return items, nil
		}
		paging.Cursor = *found.NextCursor
	}
}

// cursorAfter returns the cursor of a list after a position, as the server would give it.
// The zero position is the beginning.
func cursorAfter[P comparable](list string, query url.Values, position P) string {
	var beginning P
	if position == beginning {
		return ""
	}
	return *wire.Cursor(list, query, position)
}
