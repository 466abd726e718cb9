// Package openapi has the OpenAPI document of Ration's APIs. It is made from the code that
// serves them: after a change, run "go test ./internal/adminapi -run Document -update".
package openapi

import _ "embed"

// JSON is the document, in OpenAPI 3.1.
//
//go:embed openapi.json
var JSON []byte
