package adminapi

import (
	"cmp"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ration-dev/ration/api"
)

// Document returns the document of all of Ration's APIs: of administration, which this
// package serves, and of the verify API and the usage that holders of keys read.
func Document() *huma.OpenAPI {
	document := New(Config{}).OpenAPI()
	delete(document.Components.Schemas.Map(), "BackupInputBody") // of an operation that is hidden
	for _, op := range otherOperations {
		document.AddOperation(op.describe(document.Components.Schemas))
	}
	pointersMayBeNull(document.Components.Schemas)
	secretMayBeNull(document.Components.Schemas)
	settledMayBeNull(document.Components.Schemas)
	for _, item := range document.Paths {
		for _, op := range []*huma.Operation{item.Post, item.Put, item.Patch} {
			if op != nil && op.RequestBody != nil {
				takeNull(document.Components.Schemas, op.RequestBody.Content["application/json"].Schema)
			}
		}
	}
	return document
}

// otherOperation is an operation that other packages serve.
type otherOperation struct {
	id, method, path, summary, about string
	parameters                       []*huma.Param
	body                             reflect.Type // nil: none
	example                          any          // of the body
	answer                           reflect.Type
	errors                           []int
	byKey                            bool // a key's own secret is sent, not a service token
	open                             bool // nothing is sent: whoever has no key asks for one
	many                             bool // verify: it takes several bodies in an array, and has other answers
	status                           int  // of success; 0: 200
}

var idempotencyKey = &huma.Param{
	Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: "string"},
	Description: "1 to 255 bytes. The same question with the same key is charged once, and gets the same decision.",
}

var prefer = &huma.Param{
	Name: "Prefer", In: "header", Schema: &huma.Schema{Type: "string"},
	Description: "return=minimal (RFC 7240) leaves all but allowed and code out of what is admitted; Preference-Applied says so. Refusals and dry runs are answered whole.",
}

var reservationID = &huma.Param{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: "string"}, Description: "The reservation's id."}

// verifyErrors are the statuses of errors that every call of the verify API may get.
var verifyErrors = []int{400, 401, 403, 413, 415, 422, 429, 500, 503}

// exampleSecret belongs to nobody.
const exampleSecret = "rk_0123456789abcdefghijABCDEFGHIJ0123456789"

var otherOperations = []otherOperation{
	{
		id: "verify", method: http.MethodPost, path: "/v1/verify", summary: "Ask whether a request may pass, and charge it if so",
		about: "The status is 200 whenever a decision was made: see allowed. An array of questions gets an array of answers in the same order, each as if it were alone; it takes no Idempotency-Key.", parameters: []*huma.Param{idempotencyKey, prefer}, many: true,
		body: reflect.TypeFor[api.VerifyRequest](), answer: reflect.TypeFor[api.VerifyResponse](), errors: verifyErrors,
		example: api.VerifyRequest{Secret: exampleSecret, Amounts: map[string]api.Number{"tokens": "1200"}, Scope: "search", IP: "203.0.113.7"},
	},
	{
		id: "reserve", method: http.MethodPost, path: "/v1/reservations", summary: "Reserve amounts whose final size is not known yet",
		about: "The status is 200 whenever a decision was made: see allowed.", parameters: []*huma.Param{idempotencyKey},
		body: reflect.TypeFor[api.ReserveRequest](), answer: reflect.TypeFor[api.ReserveResponse](), errors: verifyErrors,
		example: api.ReserveRequest{VerifyRequest: api.VerifyRequest{Secret: exampleSecret, Amounts: map[string]api.Number{"tokens": "4000"}}, TTLSeconds: new(int64(60))},
	},
	{
		id: "showReservation", method: http.MethodGet, path: "/v1/reservations/{id}", summary: "Show a reservation",
		parameters: []*huma.Param{reservationID, {Name: "key", In: "query", Schema: &huma.Schema{Type: "string"}, Description: "The id of the key that it belongs to."}},
		answer:     reflect.TypeFor[api.Reservation](), errors: append(verifyErrors, 404),
	},
	{
		id: "settle", method: http.MethodPost, path: "/v1/reservations/{id}/settle", summary: "End a reservation with the amounts that were used",
		about: "Settled again with the same amounts, it changes nothing.", parameters: []*huma.Param{reservationID},
		body: reflect.TypeFor[api.SettleRequest](), example: api.SettleRequest{Amounts: map[string]api.Number{"tokens": "3127"}},
		answer: reflect.TypeFor[api.Reservation](), errors: append(verifyErrors, 404, 409),
	},
	{
		id: "void", method: http.MethodPost, path: "/v1/reservations/{id}/void", summary: "End a reservation and give back all that it holds",
		about: "Voided again, it changes nothing.", parameters: []*huma.Param{reservationID},
		body: reflect.TypeFor[api.VoidRequest](), example: api.VoidRequest{},
		answer: reflect.TypeFor[api.Reservation](), errors: append(verifyErrors, 404, 409),
	},
	{
		id: "ownUsage", method: http.MethodGet, path: "/v1/usage", summary: "Read what remains of one's own key",
		about: "For holders of keys. It charges nothing. The path can be set (usage_path).", byKey: true,
		answer: reflect.TypeFor[api.OwnUsage](), errors: []int{400, 401, 403, 429, 500, 503},
	},
	{
		id: "askForKey", method: http.MethodPost, path: "/v1/key-requests", summary: "Ask for a key", status: http.StatusCreated,
		about: "For people without a key, where key_requests is on. The path can be set (key_requests_path). Keep the code of the answer: it shows what has become of the request, and picks up the key.", open: true,
		body: reflect.TypeFor[api.NewKeyRequest](), example: api.NewKeyRequest{Name: "Ada", Email: "ada@example.com", Reason: "to search from our shop"},
		answer: reflect.TypeFor[api.AskedKey](), errors: []int{400, 404, 413, 415, 422, 429, 500, 503},
	},
	{
		id: "keyRequestState", method: http.MethodPost, path: "/v1/key-requests/state", summary: "See what has become of a request for a key",
		about: "It changes nothing. It is POST so that no log has the code.", open: true,
		body: reflect.TypeFor[api.PickupCode](), example: api.PickupCode{Code: exampleCode},
		answer: reflect.TypeFor[api.PickupState](), errors: []int{400, 404, 413, 415, 429, 500, 503},
	},
	{
		id: "pickUpKey", method: http.MethodPost, path: "/v1/key-requests/pickup", summary: "Pick up the secret of a key, once",
		about: "409 says that nobody has decided yet, and 410 that there is nothing to pick up any more.", open: true,
		body: reflect.TypeFor[api.PickupCode](), example: api.PickupCode{Code: exampleCode},
		answer: reflect.TypeFor[api.PickedUp](), errors: []int{400, 404, 409, 410, 413, 415, 429, 500, 503},
	},
}

// exampleCode is of no link.
const exampleCode = "rk_pickup_0123456789abcdefghijABCDEFGHIJ0123456789"

// describe describes the operation as huma describes those of this package.
func (o *otherOperation) describe(schemas huma.Registry) *huma.Operation {
	described := &huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, Summary: o.summary, Description: o.about, Tags: []string{"decisions"},
		Parameters: o.parameters, Security: []map[string][]string{{"token": {"verify"}}},
		Servers: []*huma.Server{{URL: "http://127.0.0.1:8081", Description: "Where the verify API listens by default (api_listen)."}},
	}
	status := cmp.Or(o.status, http.StatusOK)
	described.Responses = map[string]*huma.Response{strconv.Itoa(status): {Description: http.StatusText(status), Content: contentOf(schemas, "application/json", o.answer)}}
	switch {
	case o.byKey:
		described.Security = []map[string][]string{{"key": {}}}
	case o.open:
		described.Security, described.Tags = []map[string][]string{}, []string{tagKeyRequests}
	}
	if o.body != nil {
		described.RequestBody = &huma.RequestBody{Required: o.answer != reflect.TypeFor[api.Reservation](), Content: contentOf(schemas, "application/json", o.body)}
		described.RequestBody.Content["application/json"].Example = o.example
	}
	if o.many {
		takeMany(schemas, described.RequestBody.Content["application/json"], described.Responses["200"].Content["application/json"])
	}
	for _, status := range o.errors {
		described.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status), Content: contentOf(schemas, api.ProblemContentType, reflect.TypeFor[Problem]()),
		}
	}
	return described
}

// takeMany says in the document that the verify API takes an array of questions, and that
// an answer can be minimal and, among others, a failure.
func takeMany(schemas huma.Registry, body, answer *huma.MediaType) {
	refer := func(of reflect.Type) *huma.Schema { return schemas.Schema(of, true, of.Name()) }
	question, whole, minimal := body.Schema, answer.Schema, refer(reflect.TypeFor[api.MinimalResponse]())
	body.Schema = &huma.Schema{AnyOf: []*huma.Schema{question, {Type: "array", Items: question, MinItems: new(1), MaxItems: new(100)}}}
	schemas.Map()["VerifyFailure"] = &huma.Schema{ // of api.VerifyFailure, whose problem is that of this package in the document
		Type: "object", Required: []string{"allowed", "code", "problem"}, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{"allowed": {Type: "boolean"}, "code": {Type: "string"}, "problem": refer(reflect.TypeFor[Problem]())},
	}
	each := &huma.Schema{AnyOf: []*huma.Schema{whole, minimal, {Ref: "#/components/schemas/VerifyFailure"}}}
	answer.Schema = &huma.Schema{AnyOf: []*huma.Schema{whole, minimal, {Type: "array", Items: each}}}
}

func contentOf(schemas huma.Registry, mediaType string, of reflect.Type) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{mediaType: {Schema: schemas.Schema(of, true, of.Name())}}
}
