package rewrite_test

import (
	"testing"

	"github.com/ration-dev/ration/internal/rewrite"
)

func TestFindsValues(t *testing.T) {
	for _, row := range []struct{ name, pointer, text, want string }{
		{"a member", "/a", `{"a": 1}`, `1`},
		{"deep", "/usage/total", ` {"x": [1], "usage" : {"in": 2, "total":3 } }`, `3`},
		{"an element", "/a/1", `{"a": [1, "two"]}`, `"two"`},
		{"the last of one name", "/a", `{"a": 1, "a": 2}`, `2`},
		{"an escaped name", "/a~1b", `{"a\/b": 1}`, `1`},
		{"an object", "/a", `{"a": {"b": [1]}}`, `{"b": [1]}`},
		{"missing", "/b", `{"a": 1}`, ``},
		{"through null", "/a/b", `{"a": null}`, ``},
		{"through a number", "/a/b", `{"a": 1}`, ``},
		{"beyond an array", "/a/2", `{"a": [1, 2]}`, ``},
		{"a name in an array", "/a/b", `{"a": [1, 2]}`, ``},
		{"no JSON", "/a", `{"a": 1`, ``},
		{"nothing", "/a", ``, ``},
		{"a text", "/a", `"a"`, ``},
	} {
		t.Run(row.name, func(t *testing.T) {
			pointer, err := rewrite.ParsePointer(row.pointer)
			if err != nil {
				t.Fatal(err)
			}
			if got, found := pointer.Find([]byte(row.text)); string(got) != row.want || found != (row.want != "") {
				t.Errorf("got %q, %t", got, found)
			}
		})
	}
	if _, err := rewrite.ParsePointer("a"); err == nil {
		t.Error("a pointer without a slash was read")
	}
}
