package adminapi

import (
	"context"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/wire"
)

// Paging has the parameters of all lists that come in pages.
type Paging struct {
	Cursor string `query:"cursor" doc:"next_cursor of the page before. All parameters but limit must be those of that page."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"The most items of a page."`
}

// list is how a list is read. T is an item, W its wire type, and P where it is in the
// order of the list; the zero P is before all items.
type list[T, W, P any] struct {
	name  string // as cursors have it
	find  func(ctx context.Context, after P, most int) ([]T, error)
	place func(*T) P
	show  func([]T) []W
}

// page reads a page. It asks for one item more than the page has, to see whether there is
// a page after it.
func (l *list[T, W, P]) page(ctx context.Context, at Paging) (*reply[api.Page[W]], error) {
	after, err := l.start(ctx, at)
	if err != nil {
		return nil, err
	}
	found, err := l.find(ctx, after, at.Limit+1)
	if err != nil {
		return nil, err
	}
	var page api.Page[W]
	if len(found) > at.Limit {
		found = found[:at.Limit]
		page.NextCursor = wire.Cursor(l.name, requestOf(ctx).query, l.place(&found[at.Limit-1]))
	}
	page.Items = l.show(found)
	return &reply[api.Page[W]]{page}, nil
}

// start reads where the page begins.
func (l *list[T, W, P]) start(ctx context.Context, at Paging) (after P, err error) {
	if wire.ReadCursor(l.name, requestOf(ctx).query, at.Cursor, &after) != nil {
		return after, invalidForm("?cursor", adviceOnCursors)
	}
	return after, nil
}
