package rationadmin_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/ration-dev/ration/rationadmin"
)

const own = "github.com/ration-dev/ration/rationadmin"

// exported are all functions that the package exports; those of its Operations are
// found by reflection.
var exported = []any{rationadmin.New, rationadmin.ChangeAllKeys, rationadmin.WithOrigin, rationadmin.OriginOf}

// TestOperationsCanBeNamedFromOutside follows the types of all operations' parameters
// and results, and of all fields that they export: each has a name that a program of
// another module can write, and a definition where go doc shows it.
func TestOperationsCanBeNamedFromOutside(t *testing.T) {
	seen := make(map[reflect.Type]bool)
	operations := reflect.TypeFor[rationadmin.Operations]()
	wantNameable(t, "Operations", operations, seen)
	for _, function := range exported {
		wantNameable(t, reflect.TypeOf(function).String(), reflect.TypeOf(function), seen)
	}
	for _, want := range []reflect.Type{reflect.TypeFor[rationadmin.NewKeySecret](), reflect.TypeFor[rationadmin.LimitExplanation]()} {
		if !seen[want] {
			t.Errorf("%s was not looked at", want)
		}
	}
}

func wantNameable(t *testing.T, from string, typ reflect.Type, seen map[reflect.Type]bool) {
	t.Helper()
	if seen[typ] {
		return
	}
	seen[typ] = true
	if strings.Contains(typ.PkgPath(), "/internal/") {
		t.Errorf("%s has %s, which is internal", from, typ)
		return
	}
	if name := typ.String(); typ.Name() != "" {
		from = name
	}
	if typ.PkgPath() != "" && !strings.HasPrefix(typ.PkgPath(), "github.com/ration-dev/ration") {
		return // of others
	}
	switch typ.Kind() {
	case reflect.Struct:
		for i := range typ.NumField() {
			if field := typ.Field(i); field.IsExported() {
				wantNameable(t, from+"."+field.Name, field.Type, seen)
			}
		}
		wantField(t, typ)
	case reflect.Interface:
		for i := range typ.NumMethod() {
			wantNameable(t, from+"."+typ.Method(i).Name, typ.Method(i).Type, seen)
		}
	case reflect.Func:
		for i := range typ.NumIn() {
			wantNameable(t, from, typ.In(i), seen)
		}
		for i := range typ.NumOut() {
			wantNameable(t, from, typ.Out(i), seen)
		}
	case reflect.Map:
		wantNameable(t, from, typ.Key(), seen)
		wantNameable(t, from, typ.Elem(), seen)
	case reflect.Slice, reflect.Array, reflect.Pointer:
		wantNameable(t, from, typ.Elem(), seen)
	default: // a basic type
	}
}

// wantField wants a struct of this package to have a field that go doc shows.
func wantField(t *testing.T, typ reflect.Type) {
	t.Helper()
	if typ.PkgPath() != own {
		return
	}
	for i := range typ.NumField() {
		if typ.Field(i).IsExported() {
			return
		}
	}
	t.Errorf("%s shows no field", typ)
}

// TestEachNameIsDefinedAndDocumentedHere reads the package as go doc does: no name
// stands for one elsewhere, whose fields it would not show, and each operation says
// what it does.
func TestEachNameIsDefinedAndDocumentedHere(t *testing.T) {
	names := documented(t)
	if len(names.Types) < 30 {
		t.Fatalf("%d types, want all", len(names.Types))
	}
	for _, typ := range names.Types {
		if typ.Doc == "" {
			t.Errorf("%s is not documented", typ.Name)
		}
		for _, spec := range typ.Decl.Specs {
			definition := spec.(*ast.TypeSpec)
			if definition.Assign.IsValid() {
				t.Errorf("%s is another name of a type elsewhere", typ.Name)
			}
			contract, isInterface := definition.Type.(*ast.InterfaceType)
			if !isInterface || typ.Name != "Operations" {
				continue
			}
			for _, method := range contract.Methods.List {
				if len(method.Names) == 0 {
					t.Errorf("%s hides methods behind another interface", typ.Name)
				} else if method.Doc.Text() == "" {
					t.Errorf("%s is not documented", method.Names[0])
				}
			}
		}
	}
}

func documented(t *testing.T) *doc.Package {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	names, err := doc.NewFromFiles(set, files, own)
	if err != nil {
		t.Fatal(err)
	}
	return names
}
