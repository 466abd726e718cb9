package portal

import (
	"errors"
	"net/http"
	"net/url"
	"time"
)

// policy lets a page load its own files, ask its own host, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// secure sets what protects every answer.
func secure(header http.Header) {
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
}

// maxForm is the most that a form sends, in bytes.
const maxForm = 16 << 10

// formTime is how long it may take to send it.
var formTime = 15 * time.Second

// readForm reads the form of a POST from one of our pages. If it can't, it answers, and
// returns false.
func (p *Portal) readForm(v *visit) bool {
	if err := p.protection.Check(v.r); err != nil {
		p.fail(v, http.StatusForbidden, "This came from another site", "Open the page here, and send its form from there.")
		return false
	}
	if kind := v.r.Header.Get("Content-Type"); mediaType(kind) != "application/x-www-form-urlencoded" {
		p.fail(v, http.StatusUnsupportedMediaType, "This page can't read that", "It takes what its own form sends.")
		return false
	}
	controller := http.NewResponseController(v.w)
	_ = controller.SetReadDeadline(time.Now().Add(formTime)) // a server without deadlines has bounds of its own
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
	err := v.r.ParseForm()
	if err == nil {
		_ = controller.SetReadDeadline(time.Time{})
	} else { // what is still to come is waited for no longer
		v.w.Header().Set("Connection", "close")
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		p.fail(v, http.StatusRequestEntityTooLarge, "That is too much", "A form of this page has at most 16 kB.")
		return false
	}
	if err != nil {
		p.fail(v, http.StatusBadRequest, "The form did not arrive", "Open the page again, and send its form once more.")
		return false
	}
	v.form = v.r.PostForm // what is in the URL counts for nothing
	if v.form == nil {
		v.form = url.Values{}
	}
	return true
}
