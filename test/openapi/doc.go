// Package openapi_test holds the OpenAPI document against running servers, with a client
// and a validator that others have written: they know Ration only from the document.
package openapi_test
