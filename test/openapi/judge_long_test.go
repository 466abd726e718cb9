//go:build long

package openapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ration-dev/ration/api/openapi"
)

// judge stands between a client and a server, and holds each request and its answer
// against the document.
type judge struct {
	URL string

	t        *testing.T
	routes   *http.ServeMux // finds the path of the document
	document document
	schemas  *jsonschema.Compiler

	mu       sync.Mutex
	compiled map[string]*jsonschema.Schema
	answers  map[string]int // by operation and status
	faults   map[string]string
}

// document is what the judge reads of it besides schemas.
type document struct {
	Paths map[string]map[string]struct {
		OperationID string `json:"operationId"`
		RequestBody *struct {
			Required bool
			Content  map[string]any
		} `json:"requestBody"`
		Responses map[string]struct{ Content map[string]any }
	}
}

// newJudge serves in front of a server until the test ends.
func newJudge(t *testing.T, server string) *judge {
	t.Helper()
	j := &judge{
		t: t, routes: http.NewServeMux(), schemas: jsonschema.NewCompiler(),
		compiled: make(map[string]*jsonschema.Schema), answers: make(map[string]int), faults: make(map[string]string),
	}
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(openapi.JSON))
	if err != nil {
		t.Fatal(err)
	}
	j.schemas.AssertFormat()
	if err := j.schemas.AddResource("document:", whole); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(openapi.JSON, &j.document); err != nil {
		t.Fatal(err)
	}
	for path := range j.document.Paths {
		j.routes.Handle(path, http.NotFoundHandler())
	}
	behind, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(behind) }}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { j.pass(proxy, w, r) }))
	t.Cleanup(front.Close)
	j.URL = front.URL
	return j
}

// pass lets a request through and judges what came of it.
func (j *judge) pass(proxy http.Handler, w http.ResponseWriter, r *http.Request) {
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		j.t.Error(err)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(sent))
	answer := httptest.NewRecorder()
	proxy.ServeHTTP(answer, r)
	if fault := j.judge(r, sent, answer); fault != nil {
		j.note(r, sent, answer, fault)
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func (j *judge) judge(r *http.Request, sent []byte, answer *httptest.ResponseRecorder) error {
	_, path := j.routes.Handler(r)
	operation, found := j.document.Paths[path][strings.ToLower(r.Method)]
	if !found {
		if !strings.HasPrefix(r.URL.Path, "/v1/") {
			return nil // a page of the console, which the document doesn't describe
		}
		if answer.Code != http.StatusNotFound && answer.Code != http.StatusMethodNotAllowed {
			return errors.New("the document has no such operation")
		}
		return nil
	}
	j.mu.Lock()
	j.answers[fmt.Sprintf("%s %d", operation.OperationID, answer.Code)]++
	j.mu.Unlock()

	place := "/paths/" + strings.ReplaceAll(strings.ReplaceAll(path, "~", "~0"), "/", "~1") + "/" + strings.ToLower(r.Method)
	taken, some := accepted(sent, answer.Body.Bytes())
	if operation.RequestBody != nil && answer.Code < 300 && some && (len(sent) > 0 || operation.RequestBody.Required) {
		if err := j.fits(place+"/requestBody/content/application~1json/schema", taken); err != nil {
			return fmt.Errorf("it was accepted, although the document doesn't allow it: %w", err)
		}
	}
	described, found := operation.Responses[fmt.Sprint(answer.Code)]
	if !found {
		return errors.New("the document has no answer with this status")
	}
	if answer.Code >= http.StatusInternalServerError {
		return errors.New("the server failed")
	}
	if len(described.Content) == 0 {
		if answer.Body.Len() > 0 {
			return errors.New("the document says that it has no body")
		}
		return nil
	}
	media, _, err := mime.ParseMediaType(answer.Header().Get("Content-Type"))
	if err != nil || described.Content[media] == nil {
		return errors.New("the document has no answer of this media type")
	}
	if !strings.HasSuffix(media, "json") {
		return nil
	}
	return j.fits(fmt.Sprintf("%s/responses/%d/content/%s/schema", place, answer.Code, strings.ReplaceAll(media, "/", "~1")), answer.Body.Bytes())
}

// accepted returns what of a body an answer accepts. Of several questions each is refused
// alone, by a problem in its place; some is false if all are.
func accepted(sent, answer []byte) (taken []byte, some bool) {
	var questions []json.RawMessage
	var answers []struct{ Problem json.RawMessage }
	if json.Unmarshal(sent, &questions) != nil || json.Unmarshal(answer, &answers) != nil || len(questions) != len(answers) || len(questions) == 0 {
		return sent, true
	}
	var left []json.RawMessage
	for i, answer := range answers {
		if answer.Problem == nil {
			left = append(left, questions[i])
		}
	}
	taken, _ = json.Marshal(left) // was read as JSON
	return taken, len(left) > 0
}

// fits reports how a body differs from the schema at a place of the document.
func (j *judge) fits(place string, body []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	schema := j.compiled[place]
	if schema == nil {
		if schema, err = j.schemas.Compile("document:#" + (&url.URL{Path: place}).EscapedPath()); err != nil {
			j.t.Errorf("%s: %v", place, err)
			return nil
		}
		j.compiled[place] = schema
	}
	return schema.Validate(value)
}

// note keeps the first of the faults that an operation shows with a status.
func (j *judge) note(r *http.Request, sent []byte, answer *httptest.ResponseRecorder, fault error) {
	_, path := j.routes.Handler(r)
	kind := fmt.Sprintf("%s %s: %d", r.Method, path, answer.Code)
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, known := j.faults[kind]; !known {
		j.faults[kind] = fmt.Sprintf("%v\n%s %s\n%.2000s\n→ %d %s\n%.2000s", fault, r.Method, r.URL, sent, answer.Code, answer.Header().Get("Content-Type"), answer.Body)
	}
}

// report fails the test for each fault, and says how many answers of each kind there were.
func (j *judge) report() {
	j.t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	for kind, fault := range j.faults {
		j.t.Errorf("%s: %s", kind, fault)
	}
	for kind, count := range j.answers {
		j.t.Logf("%s: %d", kind, count)
	}
}
