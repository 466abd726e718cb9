package sqlite

import (
	"encoding/json"
	"time"

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

func dateText(periodID ration.PeriodID) string { return periodID.Date().Format(time.DateOnly) }

// optionalString returns text for a column where NULL is "".
func optionalString(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// listText returns texts as a list in JSON.
func listText(texts []string) string {
	if len(texts) == 0 {
		return "[]"
	}
	list, _ := json.Marshal(texts) // which fails for no text
	return string(list)
}

func flag(value bool) int64 {
	if value {
		return 1
	}
	return 0
}
