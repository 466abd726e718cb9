package adminapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/ration-dev/ration/api"
)

// describe begins the document of the API.
func describe() huma.Config {
	const schemas = "#/components/schemas/"
	registry := huma.NewMapRegistry(schemas, huma.DefaultSchemaNamer)
	registry.RegisterTypeAlias(reflect.TypeFor[api.Number](), reflect.TypeFor[float64]()) // a number, whose text is exact
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Ration", Version: "1", Description: "API keys and exact quotas for an HTTP API.",
				License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Servers: []*huma.Server{{URL: "http://127.0.0.1:8082", Description: "Where the admin API listens by default (admin_listen)."}},
			Components: &huma.Components{
				Schemas: registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token": {Type: "http", Scheme: "bearer", Description: "A service token. Make one with: ration tokens create NAME --scope admin"},
					"key":   {Type: "http", Scheme: "bearer", Description: "The secret of an API key. The header X-API-Key takes it too, or the one that is set (key_header)."},
				},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": {Marshal: marshal, Unmarshal: unmarshal}, "json": {Marshal: marshal, Unmarshal: unmarshal}},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
	}
}

func marshal(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// unmarshal reads one JSON value in UTF-8 in which no name stands twice. encoding/json
// would take the last of two.
func unmarshal(data []byte, v any) error {
	if !utf8.Valid(data) {
		return errors.New("it is not UTF-8")
	}
	if !jsontext.Value(data).IsValid() {
		return syntaxFault(data)
	}
	return json.Unmarshal(data, v)
}

// syntaxFault says where a document stops being what it has to be.
func syntaxFault(data []byte) error {
	decoder := jsontext.NewDecoder(bytes.NewReader(data))
	_, err := decoder.ReadValue()
	offset, reason := decoder.InputOffset(), "it is not valid JSON"
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		offset = syntax.ByteOffset
		if errors.Is(err, jsontext.ErrDuplicateName) {
			reason = "a name stands twice in one object"
		}
	}
	return fmt.Errorf("%s from offset %d on", reason, offset)
}
