package sqladmin

import "time"

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
