package rewrite

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/ration-dev/ration"
)

// template is a body with placeholders such as ${detail}.
type template struct {
	status      int
	contentType string
	pieces      []piece
}

// piece is a text and the placeholder after it; the last has none.
type piece struct{ text, placeholder string }

// problemFields are the placeholders beside those of a decision, and whether
// each is a number.
var problemFields = map[string]bool{"code": false, "detail": false, "request_id": false, "title": false, "status": true, "retry_after": true}

func parseTemplate(body string, isJSON bool) (template, error) {
	var parsed template
	var sample strings.Builder
	for rest := body; ; {
		text, after, found := strings.Cut(rest, "${")
		sample.WriteString(text)
		if !found {
			parsed.pieces = append(parsed.pieces, piece{text: text})
			break
		}
		name, next, closed := strings.Cut(after, "}")
		if !closed || !isPlaceholder(name) {
			return template{}, &ration.InvalidError{
				Field: "body", Value: "${" + name,
				Reason: "a placeholder is ${code}, ${status}, ${title}, ${detail}, ${request_id}, ${retry_after}, or a field such as ${remaining}",
			}
		}
		if isNumber(name) {
			sample.WriteString("0")
		}
		parsed.pieces = append(parsed.pieces, piece{text, name})
		rest = next
	}
	if isJSON && !json.Valid([]byte(sample.String())) {
		return template{}, &ration.InvalidError{Field: "body", Reason: `this is no JSON; quote placeholders of texts, as in "${detail}"`}
	}
	return parsed, nil
}

func isPlaceholder(name string) bool {
	_, known := problemFields[name]
	_, err := ParseField(name)
	return known || err == nil
}

func isNumber(name string) bool {
	base, _, _ := strings.Cut(name, " of ")
	return problemFields[name] || fields[base]
}

// fill escapes every value as within a JSON string. Numbers that are not told
// are null, texts empty.
func (t template) fill(problem Problem) []byte {
	var body []byte
	for _, piece := range t.pieces {
		body = append(body, piece.text...)
		if piece.placeholder == "" {
			continue
		}
		value := problem.value(piece.placeholder)
		if value == "" && isNumber(piece.placeholder) {
			value = "null"
		}
		quoted := quote(value)
		body = append(body, quoted[1:len(quoted)-1]...)
	}
	return body
}

func (p Problem) value(placeholder string) string {
	switch placeholder {
	case "code":
		return p.Code
	case "detail":
		return p.Detail
	case "request_id":
		return p.RequestID
	case "title":
		return http.StatusText(p.Status)
	case "status":
		return strconv.Itoa(p.Status)
	case "retry_after":
		return p.RetryAfter
	}
	field, _ := ParseField(placeholder) // it was checked when the template was read
	value, _ := field.value(p.Decision)
	return value
}

// quote returns a JSON string that is harmless in HTML too.
func quote(text string) []byte {
	quoted, _ := json.Marshal(text) // a string can always be encoded
	return quoted
}
