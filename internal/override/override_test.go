package override_test

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/ration-dev/ration/internal/override"
)

const (
	form  = "application/x-www-form-urlencoded"
	parts = "multipart/form-data; boundary=b"
	json  = "application/json"
)

var both = override.Words{Methods: true, Paths: true}

func part(lines ...string) string {
	return "--b\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\nDELETE\r\n--b--\r\n"
}

var bodies = []struct {
	name, kind, body string
	found            bool
}{
	{"form", form, "a=1&_method=DELETE", true},
	{"first in a form", form, "_method=DELETE&a=1", true},
	{"alone", form, "_method", true},
	{"upper case", form, "_METHOD=delete", true},
	{"encoded", form, "a=1&%5Fm%65thod=DELETE", true},
	{"encoded as some platforms do", form, "%u005fmethod=DELETE", true},
	{"list", form, "_method[]=DELETE", true},
	{"encoded list", form, "_method%5B0%5D=DELETE", true},
	{"as PHP reads it", form, ".method=DELETE", true},
	{"spaces before", form, "a=1&+%20_method=DELETE", true},
	{"many spaces before", form, strings.Repeat("+", 10_000) + "_method=DELETE", true},
	{"space behind", form, "_method+=DELETE", true},
	{"semicolon", form, "a=1;_method=DELETE", true},
	{"NUL", form, "_method%00=DELETE", true},
	{"header's name", form, "X-HTTP-Method-Override=DELETE", true},
	{"a list's long index", form, "_method[" + strings.Repeat("a", 1000) + "]=DELETE", true},
	{"behind a long value", form, "a=" + strings.Repeat("x", 100_000) + "&_method=DELETE", true},
	{"behind a long name", form, strings.Repeat("x", 100_000) + "&_method=DELETE", true},
	{"no content type", "", "_method=DELETE", true},
	{"content type with parameters", form + "; charset=utf-8", "_method=DELETE", true},
	{"content type in upper case", strings.ToUpper(form), "_method=DELETE", true},
	{"two content types", form + ", " + json, "a=1", true},
	{"value", form, "a=_method&b==_method", false},
	{"other names", form, "method=DELETE&my_method=1&_methods=2&__method=3&=4&&", false},
	{"empty", form, "", false},
	{"text", "text/plain", "_method=DELETE", false},
	{"binary without a type", "", "\x00\xff\xfe" + strings.Repeat("x", 100_000), false},
	{"part", parts, part(`Content-Disposition: form-data; name="_method"`), true},
	{"part in another case", parts, part(`CONTENT-disposition: form-data; NAME="_Method"`), true},
	{"part without quotes", parts, part(`Content-Disposition: form-data; name=_method`), true},
	{"part in other quotes", parts, part(`Content-Disposition: form-data; name='_method'`), true},
	{"part with an escape", parts, part(`Content-Disposition: form-data; name="_m\ethod"`), true},
	{"part encoded", parts, part(`Content-Disposition: form-data; name="%5fmethod"`), true},
	{"part with an extended name", parts, part(`Content-Disposition: form-data; name*=utf-8''%5fmethod`), true},
	{"part with a name in pieces", parts, part(`Content-Disposition: form-data; name*0="_me"; name*1="thod"`), true},
	{"part with an encoded word", parts, part(`Content-Disposition: form-data; name="=?utf-8?B?X21ldGhvZA==?="`), true},
	{"part of two names", parts, part(`Content-Disposition: form-data; name="a"; name="_method"`), true},
	{"part of a list", parts, part(`Content-Disposition: form-data; name="_method[]"`), true},
	{"part with spaces", parts, part("Content-Disposition \t: form-data ;\tname = \"_method\""), true},
	{"folded part", parts, part("Content-Disposition: form-data;", ` name="_method"`), true},
	{"part with bare line feeds", parts, strings.ReplaceAll(part(`Content-Disposition: form-data; name="_method"`), "\r", ""), true},
	{"part with bare carriage returns", parts, strings.ReplaceAll(part(`Content-Disposition: form-data; name="_method"`), "\n", ""), true},
	{"part by an id", parts, part("Content-ID: <_method>"), true},
	{"part of another multipart type", "multipart/mixed; boundary=b", part(`Content-Disposition: form-data; name="_method"`), true},
	{"part without an end", parts, "--b\r\nContent-Disposition: form-data; name=\"_method\"", true},
	{"part with a header without end", parts, "--b\r\nContent-Disposition: " + strings.Repeat("x", 20_000), true},
	{"file", parts, part(`Content-Disposition: form-data; name="file"; filename="_method"`, "Content-Type: text/plain"), false},
	{"file with an extended name", parts, part(`Content-Disposition: form-data; name="file"; filename*=utf-8''%5fmethod`), false},
	{"content of a file", parts, part(`Content-Disposition: form-data; name="file"; filename="a"`, "", "_method=DELETE content-disposition", "content-length: 5"), false},
	{"large file", parts, part(`Content-Disposition: form-data; name="file"; filename="a"`, "", strings.Repeat("content-\x00\r\n", 50_000)), false},
	{"JSON", json, `{"a":1,"_method":"DELETE"}`, true},
	{"JSON with spaces", json, "{ \"_method\" \r\n\t : \"DELETE\"}", true},
	{"JSON with escapes", json, `{"\u005fm\u0065thod":"DELETE"}`, true},
	{"JSON with a comment", json, `{/*"*/"_method":"DELETE"}`, true},
	{"JSON of another type", "application/vnd.api+json; charset=utf-8", `{"_method":"DELETE"}`, true},
	{"JSON in wide characters", json, "{\x00\"\x00_\x00m\x00e\x00t\x00h\x00o\x00d\x00\"\x00:\x00", true},
	{"JSON behind a long string", json, `{"a":"` + strings.Repeat("x", 50_000) + `","_method":"DELETE"}`, true},
	{"JSON value", json, `{"a":"_method","b":["_method"],"method":"x","c":"say \"_method\" now"}`, false},
	{"long JSON", json, `[` + strings.Repeat(`{"name":"value","text":"it's"},`, 5_000) + `0]`, false},
}

func read(kind, body string, wrap func(io.Reader) io.Reader) (string, *override.Reader, error) {
	header := http.Header{}
	if kind != "" {
		header.Set("Content-Type", kind)
	}
	r := override.NewReader(io.NopCloser(wrap(strings.NewReader(body))), header, both)
	got, err := io.ReadAll(r)
	return string(got), r, err
}

func TestBodiesThatNameAnotherMethodAreCutBeforeTheName(t *testing.T) {
	for _, row := range bodies {
		for way, wrap := range map[string]func(io.Reader) io.Reader{"whole": func(r io.Reader) io.Reader { return r }, "in bytes": iotest.OneByteReader, "with its end": iotest.DataErrReader} {
			got, r, err := read(row.kind, row.body, wrap)
			if errors.Is(err, override.ErrFound) != row.found || r.Found() != row.found {
				t.Errorf("%s, %s: got %v", row.name, way, err)
				continue
			}
			if !row.found && got != row.body {
				t.Errorf("%s, %s: %d bytes of %d, or others", row.name, way, len(got), len(row.body))
			}
			if !strings.HasPrefix(row.body, got) {
				t.Errorf("%s, %s: what is passed on is not what came", row.name, way)
			}
		}
	}
}

func TestABodyThatBreaksOffIsNoEnd(t *testing.T) {
	broken := errors.New("broken")
	got, r, err := read(form, "a=1&_met", func(r io.Reader) io.Reader { return io.MultiReader(r, iotest.ErrReader(broken)) })
	if !errors.Is(err, broken) || r.Found() || strings.Contains(got, "_met") {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestFormsThatCanNotBeReadAreNamed(t *testing.T) {
	for _, row := range []struct {
		kind, coding string
		unreadable   bool
	}{
		{form, "", false},
		{form, "identity", false},
		{form, "gzip", true},
		{parts, "br", true},
		{json, "gzip", false},
		{"text/plain", "gzip", false},
		{form + "; charset=UTF-8", "", false},
		{form + `; charset="iso-8859-1"`, "", false},
		{form + "; charset=utf-16", "", true},
		{form + "; charset=ibm037", "", true},
		{json + "; charset=utf-16le", "", true},
		{"text/plain; charset=utf-16", "", false},
	} {
		header := http.Header{"Content-Type": {row.kind}}
		if row.coding != "" {
			header.Set("Content-Encoding", row.coding)
		}
		if got := override.Unreadable(header); (got != "") != row.unreadable {
			t.Errorf("%s, %s: got %q", row.kind, row.coding, got)
		}
	}
}

func TestQueriesThatNameAnotherMethodOrPath(t *testing.T) {
	for query, want := range map[string]bool{
		"_method=DELETE": true, "a=1&_METHOD=x": true, "%5fmethod=x": true, "_method": true, "_method[]=x": true, ".method=x": true, "+_method=x": true,
		"X-HTTP-Method-Override=PUT": true, "_HttpMethod=PATCH": true, "rest_route=/v1/admin": true, "Rest.Route=/v1/admin": true, "kohana_uri=v1": true, "a=1;_method=x": true,
		"": false, "method=x": false, "a=_method": false, "my_method=1": false, "route=/x": false,
	} {
		if got := override.InQuery(query, both); got != want {
			t.Errorf("%s: got %t", query, got)
		}
	}
}

// TestOnlyTheWordsThatAreAskedForAreFound is for free routes, where forms may name
// another method and never another path.
func TestOnlyTheWordsThatAreAskedForAreFound(t *testing.T) {
	for _, row := range []struct {
		text  string
		words override.Words
		found bool
	}{
		{"_method=PUT", override.Words{Paths: true}, false},
		{"rest_route=/x", override.Words{Paths: true}, true},
		{"_method=PUT", override.Words{Methods: true}, true},
		{"rest_route=/x", override.Words{Methods: true}, false},
		{"rest_route=/x", override.Words{}, false},
	} {
		r := override.NewReader(io.NopCloser(strings.NewReader(row.text)), http.Header{"Content-Type": {form}}, row.words)
		if _, _ = io.ReadAll(r); r.Found() != row.found || override.InQuery(row.text, row.words) != row.found {
			t.Errorf("%s for %+v: got %t, %t", row.text, row.words, r.Found(), override.InQuery(row.text, row.words))
		}
	}
}

func TestPathsThatFrontControllersFind(t *testing.T) {
	for query, want := range map[string][]string{
		"/v1/x": {"/v1/x"}, "/v1/x&a=1": {"/v1/x"}, "v1/x": {"/v1/x"}, "/v1/x=1": {"/v1/x"}, "%2Fv1%2Fx": {"/v1/x"}, "/v1/x?a": {"/v1/x"},
		"r=v1/x": {"/v1/x"}, "R=admin": {"/admin"}, "s=//v1/./x/": {"/v1/x"}, "s=v1|x": {"/v1/x"}, "q=a/../b/c": {"/b/c"}, "a=1&url[]=%2Fv1": {"/v1"},
		"s=%252Fv1%252Fx": {"/v1/x"}, "": nil, "s=shoes": nil, "q=a+b": nil, "next=/v1/x": nil, "s=": nil, "a": nil, "r=": nil,
	} {
		got := override.PathsInQuery(query)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
}

// TestPiecesAreNotKeptForTheNext is for bodies that come slowly: a piece that can't
// be the beginning of a name passes at once.
func TestPiecesAreNotKeptForTheNext(t *testing.T) {
	for kind, piece := range map[string]string{"": "hello", form: "a", json: `{"text":"so far`, parts: "--b\r\nX: y"} {
		header := http.Header{"Content-Type": {kind}}
		from, to := io.Pipe()
		r := override.NewReader(from, header, both)
		go func() { _, _ = io.WriteString(to, piece) }()
		got := make([]byte, len(piece))
		if _, err := io.ReadFull(r, got); err != nil || string(got) != piece {
			t.Errorf("%s: got %q, %v", kind, got, err)
		}
		_ = r.Close()
	}
}

// FuzzBody wants that what is passed on begins the body, that nothing but a found
// name cuts it, and that no name which the standard library finds gets through.
func FuzzBody(f *testing.F) {
	for _, row := range bodies {
		if len(row.body) < 1000 {
			f.Add(row.kind, row.body)
		}
	}
	f.Fuzz(func(t *testing.T, kind, body string) {
		for _, wrap := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.HalfReader, iotest.OneByteReader} {
			got, r, err := read(kind, body, wrap)
			if !strings.HasPrefix(body, got) || err == nil && got != body || (err != nil) != r.Found() {
				t.Fatalf("%d of %d bytes, %v", len(got), len(body), err)
			}
			if err != nil {
				continue
			}
			values := url.Values{}
			switch media, parameters, _ := mime.ParseMediaType(kind); media {
			case form:
				values, _ = url.ParseQuery(body)
			case "multipart/form-data":
				if form, err := multipart.NewReader(bytes.NewReader([]byte(body)), parameters["boundary"]).ReadForm(1 << 20); err == nil {
					values = form.Value
				}
			}
			if values.Has("_method") {
				t.Fatalf("%q gets through", body)
			}
		}
	})
}
