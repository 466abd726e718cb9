package sqladmin

import (
	"context"
	"unicode/utf8"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// few returns the only keys that can match, if an index says that they are few. Where the
// index that is walked has nothing but such keys, nobody asks.
func (l *keyList) few(ctx context.Context) (ids []ration.KeyID, all bool, err error) {
	ways := []func(context.Context) (*keySet, error){}
	if l.start != nil {
		ways = append(ways, func(ctx context.Context) (*keySet, error) { return l.byStart(ctx, l.start) })
	}
	if l.search != nil {
		ways = append(ways, l.bySearch)
	}
	if _, _, fixed := l.walked(); !fixed {
		for _, equal := range l.equalities() {
			ways = append(ways, func(ctx context.Context) (*keySet, error) { return l.byValues(ctx, equal.column, equal.value) })
		}
		if l.filter.Owner == "" && l.filter.Owners != nil {
			ways = append(ways, func(ctx context.Context) (*keySet, error) {
				return l.byValues(ctx, l.r.Bytewise("owner"), l.filter.Owners...)
			})
		}
		if l.filter.Plan == "" && l.filter.Plans != nil {
			ways = append(ways, func(ctx context.Context) (*keySet, error) { return l.byValues(ctx, "plan", l.filter.Plans...) })
		}
	}
	for _, way := range ways {
		if set, err := way(ctx); err != nil || !l.full(set) {
			return set.list(), err == nil, err
		}
	}
	return nil, false, nil
}

// keySet has keys, each once, until they are more than a few.
type keySet struct {
	ids  []ration.KeyID
	seen map[ration.KeyID]bool
	rows int // that were read
}

func (l *keyList) full(set *keySet) bool { return set.rows > l.bounds.Few }

func (s *keySet) list() []ration.KeyID {
	if s == nil {
		return nil
	}
	return s.ids
}

func (s *keySet) add(id ration.KeyID) {
	if s.rows++; !s.seen[id] {
		s.seen[id] = true
		s.ids = append(s.ids, id)
	}
}

// read adds the ids that a statement returns, which ends with an order that only one index
// has, so that nothing else is read for its limit.
func (l *keyList) readSet(ctx context.Context, set *keySet, sql string, args ...any) error {
	if l.full(set) {
		return nil
	}
	return l.r.Query(ctx, sql+" LIMIT ?", func(row Row) { set.add(row.ID()) }, append(args, Limit(l.bounds.Few+1-set.rows))...)
}

func newKeySet() *keySet { return &keySet{seen: make(map[ration.KeyID]bool)} }

// byValues returns the keys with one of some texts in a column, by its index.
func (l *keyList) byValues(ctx context.Context, column string, texts ...string) (*keySet, error) {
	set := newKeySet()
	for _, text := range texts {
		if err := l.readSet(ctx, set, "SELECT id FROM api_keys WHERE "+column+" >= ? AND "+column+" <= ? ORDER BY "+column+", id", text, text); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// byStart returns the keys one of whose secrets starts so, by the index
// api_key_secrets_start.
func (l *keyList) byStart(ctx context.Context, search *admin.KeySearch) (*keySet, error) {
	set := newKeySet()
	return set, l.addStarts(ctx, set, search)
}

func (l *keyList) addStarts(ctx context.Context, set *keySet, search *admin.KeySearch) error {
	column := l.r.Bytewise("starts_with")
	return l.readRange(ctx, set, "api_key_secrets", column, search.Start)
}

// readRange adds the keys with a text that begins so.
func (l *keyList) readRange(ctx context.Context, set *keySet, table, column, beginning string) error {
	var where Where
	where.And(column+" >= ?", beginning)
	if end := afterAll(beginning); end != "" {
		where.And(column+" < ?", end)
	}
	return l.readSet(ctx, set, "SELECT api_key_id FROM "+table+where.SQL()+" ORDER BY "+column+", api_key_id", where.Args...)
}

// bySearch returns the keys that the search can find: by the word that the fewest keys
// have, or by the start of a secret, or by the id; and those whose words are not written yet.
func (l *keyList) bySearch(ctx context.Context) (*keySet, error) {
	best := newKeySet()
	for i, word := range l.search.Words {
		set := newKeySet()
		if err := l.readRange(ctx, set, "key_words", "word", word); err != nil {
			return nil, err
		}
		if i == 0 || set.rows < best.rows {
			best = set
		}
	}
	if l.full(best) {
		return best, nil
	}
	if l.search.Start != "" {
		if err := l.addStarts(ctx, best, l.search); err != nil {
			return nil, err
		}
	}
	if !l.search.ID.IsZero() {
		best.add(l.search.ID)
	}
	return best, l.readSet(ctx, best, "SELECT id FROM api_keys WHERE "+unworded+" ORDER BY words_at, id")
}

// afterAll returns the least text that comes after all that begin with one, in the order
// of bytes; empty: none does.
func afterAll(beginning string) string {
	for beginning != "" {
		last, size := utf8.DecodeLastRuneInString(beginning)
		beginning = beginning[:len(beginning)-size]
		switch last {
		case utf8.MaxRune:
			continue
		case 0xD7FF: // what follows is no character
			last = 0xDFFF
		}
		return beginning + string(last+1)
	}
	return ""
}
