package rationadmin

import (
	"context"
	"iter"
)

// KeysLister lists keys, as [Operations] does.
type KeysLister interface {
	ListKeys(ctx context.Context, filter KeyFilter) (KeysPage, error)
}

// AllKeys returns all keys that match, page by page, each with as many keys as the filter's
// Limit. Whatever is written between two pages, no other key comes twice or is left out.
// The sequence ends after an error.
func AllKeys(ctx context.Context, operations KeysLister, filter KeyFilter) iter.Seq2[KeyRecord, error] {
	return func(yield func(KeyRecord, error) bool) {
		for {
			page, err := operations.ListKeys(ctx, filter)
			if err != nil {
				yield(KeyRecord{}, err)
				return
			}
			for _, key := range page.Keys {
				if !yield(key, nil) {
					return
				}
			}
			if page.Next.IsZero() {
				return
			}
			filter.After = page.Next
		}
	}
}

// FirstKeys returns the first keys that match, as many as the filter's Limit, however many
// pages that takes.
func FirstKeys(ctx context.Context, operations KeysLister, filter KeyFilter) (keys []KeyRecord, err error) {
	most := filter.Limit
	if most == 0 {
		most = defaultKeys
	}
	for {
		page, err := operations.ListKeys(ctx, filter)
		if err != nil {
			return nil, err
		}
		keys = append(keys, page.Keys...)
		if page.Next.IsZero() || len(keys) >= most {
			return keys, nil
		}
		filter.After, filter.Limit = page.Next, most-len(keys)
	}
}

// defaultKeys is how many keys a page has at most if nobody says how many.
const defaultKeys = 1_000
