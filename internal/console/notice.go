package console

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
)

const (
	// noticeCookie carries a notice to the next page. Nobody else can make one up: it is
	// signed with the session's secret.
	noticeCookie = "ration-notice"
	// mostNotice is how long its value is at most: browsers keep no cookie of more than
	// 4,096 bytes (RFC 6265bis, section 5.7).
	mostNotice = 3800
)

// done goes on to a page that says what was done, and how to undo it; without Undo, it
// can't be.
func (v *visit) done(path, text string, back *undo) error {
	carried, err := json.Marshal(notice{Text: text, Undo: back})
	if err != nil {
		return err
	}
	value := base64.RawURLEncoding.EncodeToString(append(v.sign(carried), carried...))
	if len(value) > mostNotice && back != nil {
		return v.done(path, text, nil) // rather say what was done than offer to undo it
	}
	v.setNotice(value, 60)
	return v.redirect(path)
}

func (v *visit) setNotice(value string, age int) {
	http.SetCookie(v.w, &http.Cookie{
		Name: noticeCookie, Value: value, Path: "/", MaxAge: age,
		Secure: v.console.cookieName(v.r) == sessionCookie, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

// notice returns what the last change has to say, once.
func (v *visit) notice() *notice {
	cookie, err := v.r.Cookie(noticeCookie)
	if err != nil || isFragment(v.r) {
		return nil
	}
	v.setNotice("", -1)
	signed, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || len(signed) < sha256.Size || !hmac.Equal(signed[:sha256.Size], v.sign(signed[sha256.Size:])) {
		return nil
	}
	var carried notice
	if json.Unmarshal(signed[sha256.Size:], &carried) != nil {
		return nil
	}
	return &carried
}

// sign returns what only this session can add to a text.
func (v *visit) sign(text []byte) []byte {
	mac := hmac.New(sha256.New, []byte(v.console.sessionOf(v.r).Reveal()))
	mac.Write(text)
	return mac.Sum(nil)
}
