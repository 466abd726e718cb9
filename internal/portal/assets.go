package portal

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"mime"
	"net/http"
	"strconv"
	"sync"
)

//go:embed templates/*.html static/*
var files embed.FS

const (
	// assetsPath is below the path of the pages.
	assetsPath = "/assets/"
	// noIcon keeps browsers from asking the API for an icon.
	noIcon = "data:,"
)

// asset is a file that pages load. Its name has a part of its digest, so that a cache may
// keep it for ever.
type asset struct {
	contentType string
	content     []byte
}

// addAsset returns the URL of a new asset.
func (p *Portal) addAsset(name, extension, contentType string, content []byte) string {
	digest := sha256.Sum256(content)
	name += "." + base64.RawURLEncoding.EncodeToString(digest[:9]) + extension
	p.assets[name] = asset{contentType, content}
	return p.base + assetsPath + name
}

func (p *Portal) serveAsset(v *visit, name string) {
	found, known := p.assets[name]
	if !known {
		p.fail(v, http.StatusNotFound, "There is no page here", "Check the address, or begin at the first page.")
		return
	}
	header := v.w.Header()
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	header.Set("Content-Type", found.contentType)
	header.Set("Content-Length", strconv.Itoa(len(found.content)))
	if found.contentType == typeSVG { // somebody may open it by itself
		header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	}
	_, _ = v.w.Write(found.content)
}

func readStatic(name string) []byte {
	content, err := files.ReadFile("static/" + name)
	if err != nil {
		panic(err) // it is embedded
	}
	return content
}

// parsePages returns the pages by name. Each has the layout and the parts. They are the same
// for all portals, and templates that have been run are made to be shared.
var parsePages = sync.OnceValue(func() map[string]*template.Template {
	pages := make(map[string]*template.Template)
	for _, name := range []string{"holder", "rotated", "request", "asked", "pickup", "picked", "error"} {
		pages[name] = template.Must(template.New(name).Funcs(template.FuncMap{"field": newField, "textField": newTextField, "count": count}).ParseFS(files, "templates/layout.html", "templates/parts.html", "templates/"+name+".html"))
	}
	return pages
})

// field is an input with its label. The last text is its help, or its value.
type field struct{ ID, Label, Help, Value string }

func newField(id, label, text string) field { return field{id, label, text, text} }

// textField is an input in which somebody writes, with what was written before.
type textField struct {
	ID, Label, Type, Value, Wrong, Autocomplete string
	Most                                        int
}

// newTextField returns a field, which may be the one that is wrong.
func newTextField(id, label, kind, value, wrong, because, autocomplete string, most int) textField {
	made := textField{ID: id, Label: label, Type: kind, Value: value, Autocomplete: autocomplete, Most: most}
	if wrong == id {
		made.Wrong = because
	}
	return made
}

// mediaType returns a content type without its parameters.
func mediaType(value string) string {
	kind, _, _ := mime.ParseMediaType(value)
	return kind
}
