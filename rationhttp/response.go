package rationhttp

import (
	"net/http"
	"strconv"

	"github.com/ration-dev/ration/api"
)

// Field is one header field of a [Response], under the name that its
// specification spells.
type Field struct{ Name, Value string }

// Response is what a client gets: of a denial or an error the whole answer, of
// an admission the fields to add to the application's own.
type Response struct {
	Status int     // 200 of an admission
	Fields []Field // no name twice
	Body   []byte  // empty of an admission

	// Problem is what Body says, for who words it otherwise; nil of an admission.
	Problem *api.Problem
}

// Apply adds the response's fields to a header that may already hold the
// application's own: RateLimit fields replace what is there, Vary is added to,
// and Cache-Control only gets stricter.
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

// WriteTo answers with the response as a whole.
func (r Response) WriteTo(w http.ResponseWriter) {
	header := w.Header()
	for _, field := range r.Fields {
		header.Set(field.Name, field.Value)
	}
	header.Set("Content-Length", strconv.Itoa(len(r.Body)))
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body) // the client may be gone; there is nobody else to tell
}

// Field returns the value of a field, or "".
func (r Response) Field(name string) string {
	for _, field := range r.Fields {
		if field.Name == name {
			return field.Value
		}
	}
	return ""
}
