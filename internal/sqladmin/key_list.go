package sqladmin

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

const (
	defaultKeyLimit = 1_000
	// lookedColumns are what a key is selected and sorted by.
	lookedColumns = "id, name, owner, plan, status"
)

// lookedAt has the columns of some keys, without a condition of its own.
const lookedAt = "SELECT " + lookedColumns + " FROM api_keys k WHERE id IN (?)"

// keyList reads one page of keys. It looks at keys in the order of an index and picks
// those that match here, not in the database: so it knows how many it has looked at.
type keyList struct {
	r       Reader
	bounds  KeyBounds
	filter  admin.KeyFilter
	limit   int
	search  *admin.KeySearch // nil: none
	start   *admin.KeySearch // the filter's SecretStart; nil: none
	columns string           // lookedColumns, and whether a key may have no limit if that is asked
	found   []ration.KeyID
	next    admin.KeyPosition
}

// looked is a key that was looked at.
type looked struct {
	key       ration.Key // only what lookedColumns have
	unlimited bool       // it may have no limit; true if that isn't asked
}

// KeyBounds bound what one page of keys costs.
type KeyBounds struct {
	Few    int // keys are so few that they are all looked at and sorted
	Looked int // keys are looked at for a page that is shorter
}

// ListKeys implements admin.Keys.
func (s *Store) ListKeys(ctx context.Context, filter admin.KeyFilter) (page admin.FoundKeys, err error) {
	return KeyBounds{Few: 250, Looked: 200}.ListKeys(ctx, s.db, filter)
}

// ListKeys reads a page within the bounds.
func (b KeyBounds) ListKeys(ctx context.Context, db DB, filter admin.KeyFilter) (page admin.FoundKeys, err error) {
	err = db.Read(ctx, "listing keys", func(ctx context.Context, r Reader) error {
		if err := r.InOrder(ctx); err != nil {
			return err
		}
		l := newKeyList(r, b, filter)
		if err := l.find(ctx); err != nil {
			return err
		}
		page = admin.FoundKeys{KeysPage: admin.KeysPage{Next: l.next}}
		if page.Now, err = r.Now(ctx); err != nil || len(l.found) == 0 {
			return err
		}
		page.Keys, err = readKeysInOrder(ctx, r, l.found)
		return err
	})
	return page, err
}

func newKeyList(r Reader, bounds KeyBounds, filter admin.KeyFilter) *keyList {
	l := &keyList{r: r, bounds: bounds, filter: filter, limit: cmp.Or(filter.Limit, defaultKeyLimit), columns: lookedColumns}
	if filter.Search != "" {
		l.search = admin.NewKeySearch(filter.Search)
	}
	if filter.SecretStart != "" {
		l.start = &admin.KeySearch{Start: filter.SecretStart}
	}
	if filter.Unlimited != "" {
		l.columns += ", " + unlimitedCandidate
	}
	if len(filter.Owners) == 1 && filter.Owner == "" {
		l.filter.Owner = filter.Owners[0]
	}
	if len(filter.Plans) == 1 && filter.Plan == "" {
		l.filter.Plan = filter.Plans[0]
	}
	return l
}

// find looks at few keys if an index has all that can match, and else walks an index in
// the order of the page until the page is full or enough keys were looked at.
func (l *keyList) find(ctx context.Context) error {
	if l.filter.Owners != nil && len(l.filter.Owners) == 0 || l.filter.Plans != nil && len(l.filter.Plans) == 0 {
		return nil
	}
	ids, all, err := l.few(ctx)
	if err != nil {
		return err
	}
	if all {
		return l.pick(ctx, ids)
	}
	return l.walk(ctx)
}

// pick picks the page from the only keys that can match.
func (l *keyList) pick(ctx context.Context, ids []ration.KeyID) error {
	if len(ids) == 0 {
		return nil
	}
	var rows []looked
	sql := strings.Replace(lookedAt, lookedColumns, l.columns, 1)
	if err := l.r.Query(ctx, sql, func(row Row) { rows = append(rows, l.read(row)) }, ids); err != nil {
		return err
	}
	slices.SortFunc(rows, func(a, b looked) int { return l.compare(l.filter.Position(&a.key), l.filter.Position(&b.key)) })
	if after := l.filter.After; !after.IsZero() {
		rows = slices.DeleteFunc(rows, func(k looked) bool { return l.compare(l.filter.Position(&k.key), after) <= 0 })
	}
	rows, err := l.matching(ctx, rows)
	if err != nil {
		return err
	}
	if len(rows) > l.limit {
		rows = rows[:l.limit]
		l.next = l.filter.Position(&rows[l.limit-1].key)
	}
	l.add(rows)
	return nil
}

// walk looks at keys in parts that grow, since mostly the first ones fill the page.
func (l *keyList) walk(ctx context.Context) error {
	l.next = l.filter.After
	part := l.limit + 1
	for left := max(part, l.bounds.Looked); left > 0; part *= 2 {
		part = min(part, left)
		left -= part
		rows, err := l.look(ctx, l.next, part)
		if err != nil {
			return err
		}
		matching, err := l.matching(ctx, rows)
		if err != nil {
			return err
		}
		matching = matching[:min(len(matching), l.limit-len(l.found))]
		l.add(matching)
		ended := len(rows) < part
		if len(l.found) == l.limit {
			last := matching[len(matching)-1].key
			l.next = l.filter.Position(&last)
			ended = ended && last.ID == rows[len(rows)-1].key.ID
			left = 0
		} else if !ended {
			l.next = l.filter.Position(&rows[part-1].key)
		}
		if ended {
			l.next = admin.KeyPosition{}
			return nil
		}
	}
	return nil
}

// look reads the next keys in the order of the page. One of these indexes has the order
// and all conditions: on the name and the id, the owner and the id, the plan and the id,
// the status and the id, or the primary key. An equality is a range, so that no other
// index has the order.
func (l *keyList) look(ctx context.Context, after admin.KeyPosition, most int) (rows []looked, err error) {
	column, value, fixed := l.walked()
	if column == "" {
		by := order{[]string{"id"}, l.filter.Descending}
		var where Where
		if !after.IsZero() {
			where.after(by, after.ID)
		}
		return l.query(ctx, where, by, most)
	}
	by := order{[]string{column, "id"}, l.filter.Descending}
	var where Where
	if !after.IsZero() {
		text := after.Text
		if l.filter.Sort == "" {
			text = value
		}
		where.after(by, text, after.ID)
	}
	if fixed {
		where.And(column+" >= ?", value)
		where.And(column+" <= ?", value)
	}
	return l.query(ctx, where, by, most)
}

func (l *keyList) query(ctx context.Context, where Where, by order, most int) (rows []looked, err error) {
	sql := "SELECT " + l.columns + " FROM api_keys k" + where.SQL() + by.SQL() + " LIMIT ?"
	err = l.r.Query(ctx, sql, func(row Row) { rows = append(rows, l.read(row)) }, where.With(Limit(most))...)
	return rows, err
}

// walked returns the column by which the index begins that is walked, if it is not the
// primary key, and the only value of it that matters.
func (l *keyList) walked() (column, value string, fixed bool) {
	f := &l.filter
	switch f.Sort {
	case admin.SortByName:
		return l.r.Bytewise("name"), f.Name, f.Name != ""
	case admin.SortByOwner:
		return l.r.Bytewise("owner"), f.Owner, f.Owner != ""
	}
	for _, equal := range l.equalities() {
		return equal.column, equal.value, true
	}
	return "", "", false
}

// equality is a condition that has an index, which ends with the id.
type equality struct{ column, value string }

// equalities are those of the filter, first those that tend to leave the fewest keys.
func (l *keyList) equalities() (equal []equality) {
	f := &l.filter
	for _, e := range []equality{
		{l.r.Bytewise("name"), f.Name}, {l.r.Bytewise("owner"), f.Owner}, {"plan", f.Plan}, {"status", string(f.Status)},
	} {
		if e.value != "" {
			equal = append(equal, e)
		}
	}
	return equal
}

func (l *keyList) read(row Row) looked {
	k := looked{key: ration.Key{ID: row.ID(), Name: row.Text(), Owner: row.Text(), Plan: row.Text(), Status: ration.Status(row.Text())}, unlimited: true}
	if l.filter.Unlimited != "" {
		k.unlimited = row.Bool()
	}
	return k
}

func (l *keyList) add(rows []looked) {
	for i := range rows {
		l.found = append(l.found, rows[i].key.ID)
	}
}

// compare compares positions in the order of the page.
func (l *keyList) compare(a, b admin.KeyPosition) int {
	order := cmp.Or(strings.Compare(a.Text, b.Text), slices.Compare(a.ID[:], b.ID[:]))
	if l.filter.Descending {
		return -order
	}
	return order
}

// matching returns those of some keys that match, in their order.
func (l *keyList) matching(ctx context.Context, rows []looked) ([]looked, error) {
	rows = slices.DeleteFunc(slices.Clone(rows), func(k looked) bool { return !k.unlimited || !admin.Matches(&l.filter, &k.key) })
	if l.search == nil && l.start == nil {
		return rows, nil
	}
	searched, started := l.search == nil, l.start == nil
	secrets, err := l.secretsOf(ctx, rows)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(rows, func(k looked) bool {
		searched, started := searched || l.search.FindsKey(&k.key), started
		for _, secret := range secrets[k.key.ID] {
			searched = searched || l.search.FindsSecret(secret[0], secret[1])
			started = started || l.start.FindsSecret(secret[0], secret[1])
		}
		return !searched || !started
	}), nil
}

// secretsOf returns how the secrets of keys start and end, by the primary key, if a key
// can be found by that.
func (l *keyList) secretsOf(ctx context.Context, rows []looked) (map[ration.KeyID][][2]string, error) {
	var ids []ration.KeyID
	for i := range rows {
		if l.start != nil || l.search.Start != "" && !l.search.FindsKey(&rows[i].key) {
			ids = append(ids, rows[i].key.ID)
		}
	}
	secrets := make(map[ration.KeyID][][2]string, len(ids))
	if len(ids) == 0 {
		return secrets, nil
	}
	err := l.r.Query(ctx, "SELECT api_key_id, starts_with, ends_with FROM api_key_secrets WHERE api_key_id IN (?)", func(row Row) {
		id := ration.KeyID(row.ID())
		secrets[id] = append(secrets[id], [2]string{row.Text(), row.Text()})
	}, ids)
	return secrets, err
}
