package sqladmin

import (
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
)

// orNull returns a time for a column where NULL is the zero time.
func orNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// orNullText returns a text for a column where NULL is the empty one.
func orNullText(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// orNullID returns an id for a column where NULL is the zero one.
func orNullID(id uuid.UUID) any {
	if id == uuid.Nil {
		return nil
	}
	return id
}

// orNullKey returns a key's id for a column where NULL is the zero one.
func orNullKey(id ration.KeyID) any { return orNullID(uuid.UUID(id)) }
