package docs_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/verify"
	"github.com/ration-dev/ration/rationtest"
)

// anyToken lets every service ask.
type anyToken struct{}

func (anyToken) Check(context.Context, ration.Secret, string) (admin.Token, error) {
	return admin.Token{}, nil
}

// TestReservationsOfTheVerifyPageGoAsItShows sends the page's requests one after
// the other. What it shows of an answer must be in the answer.
func TestReservationsOfTheVerifyPageGoAsItShows(t *testing.T) {
	f := rationtest.New(t, rationtest.Options{})
	key := f.Key(rationtest.Key{Limits: []string{"10000 tokens/day", "1 at once"}})
	mux := http.NewServeMux()
	verify.NewHandler(verify.Config{Charger: f.Engine, Reservations: f.Engine, Callers: bearer.New(anyToken{})}).Register(mux)
	variables := strings.NewReplacer("$secret", key.Secret.Reveal(), "$key", key.ID.String(),
		"$id2", ration.NewReservationID().String(), "$id3", ration.NewReservationID().String(), "$id", ration.NewReservationID().String())
	blocks := regexp.MustCompile("(?s)```http\n(.*?)```").FindAllStringSubmatch(string(read(t, "docs/VERIFY.md")), -1)
	if len(blocks) != 7 {
		t.Fatalf("%d requests were found", len(blocks))
	}
	for _, block := range blocks {
		request, shown, _ := strings.Cut(variables.Replace(block[1]), "\n\n")
		if rest, later := strings.CutPrefix(request, "# 15 minutes later\n"); later {
			request = rest
			f.Advance(15 * time.Minute)
			if _, err := f.Engine.ExpireDue(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		line, body, _ := strings.Cut(request, "\n")
		method, path, _ := strings.Cut(line, " ")
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer token")
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if answer := w.Body.String(); w.Code != 200 || !shows(t, shown, answer) {
			t.Errorf("%s\ngot %d %s\nthe page shows %s", request, w.Code, answer, shown)
		}
	}
	if tokens, _ := f.Used(key.ID, "tokens"); tokens != 1200+900 {
		t.Errorf("%d tokens used in the end", tokens)
	}
}

// shows reports whether all that one JSON text has is in another.
func shows(t *testing.T, part, whole string) bool {
	t.Helper()
	var a, b any
	for text, value := range map[string]*any{part: &a, whole: &b} {
		decoder := json.NewDecoder(strings.NewReader(text))
		if err := decoder.Decode(value); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
			t.Fatalf("%s: more than one value", text)
		}
	}
	return holds(a, b)
}

func holds(part, whole any) bool {
	object, ok := part.(map[string]any)
	if !ok {
		return part == whole
	}
	other, _ := whole.(map[string]any)
	for name, value := range object {
		found, ok := other[name]
		if !ok || !holds(value, found) {
			return false
		}
	}
	return true
}
