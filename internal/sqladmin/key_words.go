package sqladmin

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

const (
	// unworded is true of keys whose words belong to another name or owner, or may. It is
	// the condition of the index api_keys_unworded.
	unworded = "words_at <> updated_at"
	// wordedAtOnce bounds how long the charges of some keys wait for their words.
	wordedAtOnce = 100
	// mostFailed is how many parts may fail before the next ones are left, too.
	mostFailed = 3
)

// replaceWords writes the words of a key in the place of those that it has.
func (b *Batch) replaceWords(key *ration.Key) {
	b.Add("DELETE FROM key_words WHERE api_key_id = ?", key.ID)
	b.insertWords(key)
}

func (b *Batch) insertWords(key *ration.Key) {
	words := admin.KeyWords(key)
	if len(words) == 0 {
		return
	}
	values := make([]any, 0, 2*len(words))
	for _, word := range words {
		values = append(values, word, key.ID)
	}
	b.Add("INSERT INTO key_words (word, api_key_id) VALUES (?, ?)"+strings.Repeat(", (?, ?)", len(words)-1), values...)
}

// WriteKeyWords implements admin.Keys. Keys that can't be locked are left for the next
// time.
func (s *Store) WriteKeyWords(ctx context.Context) (written int, err error) {
	var failed []error
	var after wordedAt
	for len(failed) < mostFailed {
		ids, last, err := s.unwordedKeys(ctx, after)
		if err != nil {
			return written, err
		}
		if len(ids) == 0 {
			break
		}
		if err := s.writeWords(ctx, ids); err != nil {
			failed = append(failed, err)
		} else {
			written += len(ids)
		}
		after = last
	}
	return written, errors.Join(failed...)
}

// wordedAt is where a key is in the order of api_keys_unworded.
type wordedAt struct {
	at time.Time
	id ration.KeyID
}

// unwordedKeys returns the next keys, by the index api_keys_unworded.
func (s *Store) unwordedKeys(ctx context.Context, after wordedAt) (ids []ration.KeyID, last wordedAt, err error) {
	by := order{columns: []string{"words_at", "id"}}
	var where Where
	where.Always(unworded)
	if !after.id.IsZero() {
		where.after(by, after.at, after.id)
	}
	err = s.db.Read(ctx, "looking for keys without words", func(ctx context.Context, r Reader) error {
		ids = nil
		return r.Query(ctx, "SELECT words_at, id FROM api_keys"+where.SQL()+by.SQL()+" LIMIT ?", func(row Row) {
			last = wordedAt{row.Time(), row.ID()}
			ids = append(ids, last.id)
		}, where.With(Limit(wordedAtOnce))...)
	})
	return ids, last, err
}

// writeWords writes the words of keys, whose locks come first, as in every change of a
// name. The version of a key stays as it is.
func (s *Store) writeWords(ctx context.Context, ids []ration.KeyID) (err error) {
	if ids, err = admin.LockOrder(ids); err != nil {
		return err
	}
	return s.db.Write(ctx, "writing the words of keys", func(ctx context.Context, tx Tx) error {
		if err := tx.LockKeys(ctx, ids); err != nil {
			return err
		}
		var b Batch
		err := tx.Query(ctx, "SELECT id, name, owner FROM api_keys WHERE id IN (?) ORDER BY id", func(row Row) {
			key := ration.Key{ID: row.ID(), Name: row.Text(), Owner: row.Text()}
			b.replaceWords(&key)
			b.Add("UPDATE api_keys SET words_at = updated_at WHERE id = ?", key.ID)
		}, ids)
		if err != nil {
			return err
		}
		return tx.Run(ctx, &b)
	})
}
