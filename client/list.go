package client

import (
	"context"
	"iter"
	"net/url"

	"github.com/ration-dev/ration/api"
)

// Paging is a part of a list that comes in pages. The zero Paging is its first page.
type Paging struct {
	Sort     string // the order, such as "name"; with "-" before it reversed; empty: the list's own
	PageSize int    // items of one request, at most 1,000; 0: as the server likes
	Cursor   string // where to begin: NextCursor of a page
}

// parameters adds the parameters to some names and values.
func (p Paging) parameters(pairs ...string) url.Values {
	return queryOf(append(pairs, "sort", p.Sort, "limit", number(p.PageSize), "cursor", p.Cursor)...)
}

// items returns all items of a list from a cursor on, page by page. It ends after an error.
func items[T any](cursor string, list func(cursor string) (api.Page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			page, err := list(cursor)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if page.NextCursor == nil {
				return
			}
			cursor = *page.NextCursor
		}
	}
}

// NameQuery is what is listed by name: plans and meters. Their orders are "name" and
// "-name".
type NameQuery struct{ Paging }

// Values returns the parameters of the request.
func (q NameQuery) Values() url.Values { return q.parameters() }

func list[T any](ctx context.Context, a *Admin, path string, query url.Values) (api.Page[T], error) {
	return read[api.Page[T]](ctx, a, path, query)
}
