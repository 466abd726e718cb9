package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

//go:embed templates/*.gohtml
var templateFiles embed.FS

// pages are the templates, each with the layout around it.
type pages map[string]*template.Template

// layout is what stands around each page.
type layout struct {
	Title   string
	Section string   // which entry of the menu is the present one
	Visitor *Visitor // nil: nobody is logged in
	Notice  *notice  // what was just done; nil: nothing
	Page    any
}

// notice says what was just done, and how to undo it.
type notice struct {
	Text string
	Undo *undo // nil: it can't be undone
}

// undo is a form that takes a change back.
type undo struct {
	Path   string
	Fields map[string]string
}

// parsePages reads the templates, which are the same for all consoles. A template that
// can't be read is a fault of the build.
var parsePages = sync.OnceValue(func() pages {
	shared := template.Must(template.New("").Funcs(functions).ParseFS(templateFiles, "templates/layout.gohtml", "templates/parts.gohtml"))
	all := pages{}
	files, err := templateFiles.ReadDir("templates")
	if err != nil {
		panic("console: the embedded templates can't be read: " + err.Error())
	}
	for _, file := range files {
		name := strings.TrimSuffix(file.Name(), ".gohtml")
		if name != "layout" && name != "parts" {
			all[name] = template.Must(template.Must(shared.Clone()).ParseFS(templateFiles, path.Join("templates", file.Name())))
		}
	}
	return all
})

// write answers with a page.
func (p pages) write(w http.ResponseWriter, status int, name string, content layout) {
	p.execute(w, status, p[name], "layout", content)
}

// writePart answers with a part that all pages share.
func (p pages) writePart(w http.ResponseWriter, status int, part string, content any) {
	p.execute(w, status, p["problem-page"], part, content)
}

// execute writes nothing before the whole text is made, so that no page is cut off.
func (p pages) execute(w http.ResponseWriter, status int, page *template.Template, name string, content any) {
	var text bytes.Buffer
	if err := page.ExecuteTemplate(&text, name, content); err != nil {
		panic(fmt.Sprintf("console: template %s: %v", name, err)) // the server logs it and closes the connection
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = text.WriteTo(w)
}

// show answers with a page for the visitor.
func (v *visit) show(status int, name string, content layout) {
	if v.Operations != nil {
		content.Visitor = &v.Visitor
	}
	if content.Notice == nil {
		content.Notice = v.notice()
	}
	v.console.pages.write(v.w, status, name, content)
}

// replacePage lets the answer to a form take the place of the whole page, and names the
// page that is loaded again.
func (v *visit) replacePage(path string) {
	if !isFragment(v.r) {
		return
	}
	header := v.w.Header()
	header.Set("Hx-Retarget", "#main")
	header.Set("Hx-Reselect", "#main")
	header.Set("Hx-Reswap", "outerHTML show:window:top")
	header.Set("Hx-Push-Url", path)
}

// needsAdmin returns an error unless the visitor has the scope admin. It is for pages that
// only lead to a change: the operations themselves refuse the change.
func (v *visit) needsAdmin() error {
	if !v.Admin() {
		return &admin.TokenScopeError{Scope: rationadmin.ScopeAdmin}
	}
	return nil
}

// Admin reports whether the visitor may change plans and tokens, for the pages.
func (v *Visitor) Admin() bool { return v.May(rationadmin.ScopeAdmin) }

// Keys reports whether the visitor may create and change keys.
func (v *Visitor) Keys() bool { return v.May(rationadmin.ScopeKeys) }

// Narrowed reports whether the visitor sees only some keys.
func (v *Visitor) Narrowed() bool { return v.Owners != nil || v.Plans != nil }
