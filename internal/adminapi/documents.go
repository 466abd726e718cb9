package adminapi

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/ration-dev/ration/api/openapi"
)

// documents serves the OpenAPI document and the page made from it, to everybody: they have
// nothing that the release's source does not have. It reports whether the path is one of
// theirs.
func (a *API) documents(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	switch r.URL.Path {
	case "/openapi.json":
		w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
		_, _ = w.Write(openapi.JSON)
	case "/docs":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(page())
	default:
		return false
	}
	return true
}

//go:embed docs.html.tmpl
var pageText string

// page returns the document as HTML, which needs nothing from anywhere else.
var page = sync.OnceValue(func() []byte {
	var document pageDocument
	if err := json.Unmarshal(openapi.JSON, &document); err != nil {
		panic("adminapi: the embedded document is no JSON: " + err.Error())
	}
	var html bytes.Buffer
	if err := template.Must(template.New("docs").Parse(pageText)).Execute(&html, document.groups()); err != nil {
		panic("adminapi: the page of the document can't be made: " + err.Error())
	}
	return html.Bytes()
})

// pageDocument is what the page shows of the document.
type pageDocument struct {
	Paths      map[string]map[string]pageOperation
	Components struct {
		Schemas map[string]pageSchema
	}
}

type pageOperation struct {
	Summary, Description string
	Tags                 []string
	Security             []map[string][]string
	Parameters           []struct {
		Name, In, Description string
		Required              bool
	}
	RequestBody struct {
		Content map[string]struct {
			Schema  pageRef
			Example json.RawMessage
		}
	}
	Responses map[string]struct {
		Description string
		Content     map[string]struct{ Schema pageRef }
	}
}

type pageRef struct {
	Ref string `json:"$ref"`
}

// Name returns the name of the schema that is referred to.
func (r pageRef) Name() string { return r.Ref[strings.LastIndex(r.Ref, "/")+1:] }

type pageSchema struct {
	Description string
	Required    []string
	Properties  map[string]pageProperty
}

type pageProperty struct {
	pageRef
	Description, Format string
	Type                any // a name, or a list of names
	Items               *pageProperty
	AnyOf               []pageProperty
}

// Kind says in words what values the property has.
func (p pageProperty) Kind() string {
	switch {
	case p.Ref != "":
		return p.Name()
	case p.Items != nil:
		return "list of " + p.Items.Kind()
	case p.Format != "":
		return p.Format
	case len(p.AnyOf) > 0:
		kinds := make([]string, len(p.AnyOf))
		for i, one := range p.AnyOf {
			kinds[i] = one.Kind()
		}
		return strings.Join(kinds, " or ")
	}
	if names, several := p.Type.([]any); several {
		return fmt.Sprint(names[0])
	}
	return fmt.Sprint(p.Type)
}

// pageGroup is a part of the page.
type pageGroup struct {
	Title      string
	Operations []pageEntry
}

type pageEntry struct {
	Method, Path, Example string
	pageOperation
}

// groups returns the operations by their first tag, in the order of their paths.
func (d *pageDocument) groups() map[string]any {
	byTag := make(map[string][]pageEntry)
	for path, operations := range d.Paths {
		for method, operation := range operations {
			entry := pageEntry{Method: strings.ToUpper(method), Path: path, pageOperation: operation}
			if example := operation.RequestBody.Content["application/json"].Example; len(example) > 0 {
				var indented bytes.Buffer
				_ = json.Indent(&indented, example, "", "  ") // it was read as JSON
				entry.Example = indented.String()
			}
			byTag[operation.Tags[0]] = append(byTag[operation.Tags[0]], entry)
		}
	}
	var groups []pageGroup
	for tag, entries := range byTag {
		slices.SortFunc(entries, func(a, b pageEntry) int { return strings.Compare(a.Path+a.Method, b.Path+b.Method) })
		groups = append(groups, pageGroup{tag, entries})
	}
	slices.SortFunc(groups, func(a, b pageGroup) int { return strings.Compare(a.Title, b.Title) })
	return map[string]any{"Groups": groups, "Schemas": d.Components.Schemas}
}
