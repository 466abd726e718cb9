package sqlite

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
)

// blob returns an id as it is bound to a statement.
func blob[ID ~[16]byte](id ID) []byte {
	return append(make([]byte, 0, len(id)), id[:]...)
}

// micros returns an instant for a column that is never NULL; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// optionalMicros returns an instant for a column where NULL is the zero time.
func optionalMicros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// timeOf is the inverse of micros.
func timeOf(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

func dateText(label ration.Label) string { return label.Date().Format(time.DateOnly) }

// optionalString returns text for a column where NULL is "".
func optionalString(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// jsonText returns a list or a map as JSON text, empty instead of null.
func jsonText(value any, empty string) (string, error) {
	text, err := json.Marshal(value)
	if string(text) == "null" {
		return empty, err
	}
	return string(text), err
}

// orNewID returns an id, a new one in time order for the zero id.
func orNewID(id uuid.UUID) (uuid.UUID, error) {
	if id != uuid.Nil {
		return id, nil
	}
	return uuid.NewV7()
}

func flag(value bool) int64 {
	if value {
		return 1
	}
	return 0
}
