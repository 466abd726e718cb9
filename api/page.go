package api

// Page is one page of a list.
type Page[T any] struct {
	Items      []T     `json:"items"`       // never null
	NextCursor *string `json:"next_cursor"` // asks for the next page; null: this is the last one
}
