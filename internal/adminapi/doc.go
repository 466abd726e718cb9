// Package adminapi is the REST API of administration: [admin.Operations] as HTTP, under
// /v1/admin, described by an OpenAPI document. Its handlers only translate between the
// wire types of package api and the operations.
//
// Each noun has a file of its own, which registers the noun's operations. An answer that
// is not a success is an [api.Problem].
package adminapi
