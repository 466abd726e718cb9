package keyrequests

import (
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxBody is the longest request body, in bytes: more than the longest texts, all escaped.
const maxBody = 32 << 10

// read reads the body as JSON: no member but those of the type, each once, in UTF-8.
func (c *call) read(into any) error {
	mediaType, parameters, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	charset := parameters["charset"]
	if err != nil || mediaType != "application/json" || charset != "" && charset != "utf-8" && charset != "UTF-8" {
		return &refusal{status: http.StatusUnsupportedMediaType, code: "unsupported_media_type", detail: "Send application/json in UTF-8."}
	}
	text, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return &refusal{status: http.StatusRequestEntityTooLarge, code: "body_too_large", detail: "The request body is larger than 32 KiB."}
	}
	if err != nil {
		return invalidBody("", "the body ended early")
	}
	return fault(json.Unmarshal(text, into, json.RejectUnknownMembers(true)))
}

// fault says where a body is not what it has to be, without what is there.
func fault(err error) error {
	if err == nil {
		return nil
	}
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		if errors.Is(err, json.ErrUnknownName) {
			return invalidBody(shortened(string(semantic.JSONPointer)), "there is no member with this name")
		}
		return invalidBody(shortened(string(semantic.JSONPointer)), "use a text")
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return invalidBody(shortened(string(syntax.JSONPointer)), "the body is not valid JSON: send one object, each member once, in UTF-8")
	}
	return invalidBody("", "the body is not valid JSON")
}
