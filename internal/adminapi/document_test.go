package adminapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ration-dev/ration/api/openapi"
	"github.com/ration-dev/ration/internal/adminapi"
)

var update = flag.Bool("update", false, "write the document anew")

const documentPath = "../../api/openapi/openapi.json"

// The file has what the code serves, and the comments of the wire types.
func TestDocument(t *testing.T) {
	document := adminapi.Document()
	comments := commentsOf(t, "../../api")
	for name, schema := range document.Components.Schemas.Map() {
		explain(schema, comments, name)
	}
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile(documentPath, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(text, openapi.JSON) {
		t.Error("api/openapi/openapi.json differs from the code; run 'go test ./internal/adminapi -run Document -update'")
	}
}

// explain fills in what the comments say of a type and its fields.
func explain(schema *huma.Schema, comments map[string]string, name string) {
	base := strings.TrimPrefix(name, "Page")
	if base != name && comments[name] == "" {
		schema.Description = "One page of a list."
		name = "Page"
	} else {
		schema.Description = comments[name]
	}
	for member, property := range schema.Properties {
		property.Description = comments[name+"."+member]
	}
}

// commentsOf returns the comments of a package's types, by the type's name, and of their
// fields, by the name and that of the member in JSON. A field of an embedded type counts
// as the type's own.
func commentsOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	comments := make(map[string]string)
	embedded := make(map[string][]string)
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			declared, ok := node.(*ast.GenDecl)
			if !ok || declared.Tok != token.TYPE {
				return true
			}
			for _, spec := range declared.Specs {
				named := spec.(*ast.TypeSpec)
				fields, ok := named.Type.(*ast.StructType)
				if !ok {
					continue
				}
				comments[named.Name.Name] = oneLine(declared.Doc.Text())
				for _, field := range fields.Fields.List {
					if len(field.Names) == 0 {
						if ident, ok := field.Type.(*ast.Ident); ok {
							embedded[named.Name.Name] = append(embedded[named.Name.Name], ident.Name)
						}
						continue
					}
					comments[named.Name.Name+"."+memberOf(field)] = oneLine(field.Doc.Text() + " " + field.Comment.Text())
				}
			}
			return false
		})
	}
	for range 3 { // as deep as types are embedded
		for name, inner := range embedded {
			for _, from := range inner {
				for key, comment := range comments {
					if member, found := strings.CutPrefix(key, from+"."); found && comments[name+"."+member] == "" {
						comments[name+"."+member] = comment
					}
				}
			}
		}
	}
	return comments
}

func memberOf(field *ast.Field) string {
	_, tag, _ := strings.Cut(field.Tag.Value, `json:"`)
	member, _, _ := strings.Cut(tag, `"`)
	member, _, _ = strings.Cut(member, ",")
	return member
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// TestTypesOfTheDocument: each schema has a type that JSON Schema knows, also where two
// requests share it.
func TestTypesOfTheDocument(t *testing.T) {
	text, err := json.Marshal(adminapi.Document())
	if err != nil {
		t.Fatal(err)
	}
	types := regexp.MustCompile(`"type":("[^"]*"|\["[^]]*\])`).FindAllStringSubmatch(string(text), -1)
	known := regexp.MustCompile(`^(\[?"(object|array|string|number|integer|boolean|http)"(,"null"\])?|"null")$`)
	for _, found := range types {
		if !known.MatchString(found[1]) {
			t.Errorf("a schema has the type %s", found[1])
		}
	}
	if len(types) < 100 {
		t.Errorf("%d types were found; the test has overlooked some", len(types))
	}
}
