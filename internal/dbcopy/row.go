package dbcopy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// row holds a row's values as SQLite has them: int64, string, []byte or nil. JSON
// is as encoding/json writes it, since PostgreSQL keeps no spaces and no order.
type row []any

// equal reports whether two rows hold the same.
func (r row) equal(other row) bool {
	return slices.EqualFunc(r, other, func(a, b any) bool {
		first, isBytes := a.([]byte)
		second, areBytes := b.([]byte)
		if isBytes && areBytes {
			return bytes.Equal(first, second)
		}
		return !isBytes && !areBytes && a == b
	})
}

// normalize rewrites the row's JSON.
func (r row) normalize(columns []column) error {
	for i, column := range columns {
		if column.kind != kindList && column.kind != kindJSON || r[i] == nil {
			continue
		}
		text, err := normalJSON(r[i])
		if err != nil {
			return fmt.Errorf("reading column %s: %w", column.name, err)
		}
		r[i] = text
	}
	return nil
}

func normalJSON(value any) (string, error) {
	text, ok := value.(string)
	if !ok {
		return "", fmt.Errorf("a %T is no JSON text", value)
	}
	var parsed any
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&parsed); err != nil {
		return "", err
	}
	normal, err := json.Marshal(parsed)
	return string(normal), err
}

// forPostgres returns the row as the driver of PostgreSQL takes it.
func (r row) forPostgres(columns []column) ([]any, error) {
	values := make([]any, len(r))
	for i, column := range columns {
		value, err := column.kind.forPostgres(r[i])
		if err != nil {
			return nil, fmt.Errorf("translating column %s: %w", column.name, err)
		}
		values[i] = value
	}
	return values, nil
}

func (k kind) forPostgres(value any) (any, error) {
	if value == nil {
		return nil, nil
	}
	switch typed := value.(type) {
	case int64:
		switch k {
		case kindInstant:
			return time.UnixMicro(typed).UTC(), nil
		case kindFlag:
			return typed != 0, nil
		case kindInt:
			return typed, nil
		}
	case []byte:
		switch k {
		case kindID:
			return uuid.FromBytes(typed)
		case kindBytes:
			return typed, nil
		}
	case string:
		return k.textForPostgres(typed)
	}
	return nil, fmt.Errorf("a value of type %T is no %s", value, k)
}

func (k kind) textForPostgres(text string) (any, error) {
	switch k {
	case kindText:
		return text, nil
	case kindJSON:
		return json.RawMessage(text), nil
	case kindList:
		list := []string{}
		err := json.Unmarshal([]byte(text), &list)
		return list, err
	case kindDate:
		return time.Parse(time.DateOnly, text)
	}
	return nil, fmt.Errorf("a text is no %s", k)
}
