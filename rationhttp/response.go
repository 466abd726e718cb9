package rationhttp

import (
	"net/http"
	"strconv"

	"github.com/ration-dev/ration/api"
)

// Field is one header field of a [Response]. Its name is spelled as in its
// specification.
type Field struct{ Name, Value string }

// Response is what a client gets: after a denial or an error, the whole answer; after
// an admission, the fields to add to the application's answer.
type Response struct {
	Status int     // 200 for an admission
	Fields []Field // each name once
	Body   []byte  // empty for an admission

	// Problem is the content of Body, for programs that word it differently; nil for
	// an admission.
	Problem *api.Problem
}

// Apply adds the response's fields to a header that may already hold the
// application's own. RateLimit fields replace what is there, Vary gets more names,
// and Cache-Control can only become stricter.
func (r Response) Apply(header http.Header) {
	for _, field := range r.Fields {
		switch field.Name {
		case "Vary":
			addVary(header, field.Value)
		case "Cache-Control":
			restrictCaching(header, field.Value)
		default:
			header.Set(field.Name, field.Value)
		}
	}
}

// WriteTo writes the response as a whole answer.
func (r Response) WriteTo(w http.ResponseWriter) {
	header := w.Header()
	for _, field := range r.Fields {
		header.Set(field.Name, field.Value)
	}
	header.Set("Content-Length", strconv.Itoa(len(r.Body)))
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body) // the client may be gone; there is nobody else to tell
}

// Field returns the value of a field, or "" if there is none.
func (r Response) Field(name string) string {
	for _, field := range r.Fields {
		if field.Name == name {
			return field.Value
		}
	}
	return ""
}
