package rationhttp_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration/rationhttp"
)

func TestApplyMergesWithWhatTheApplicationSays(t *testing.T) {
	private := rationhttp.Response{Fields: []rationhttp.Field{{Name: "RateLimit", Value: "ours"}, {Name: "Cache-Control", Value: "private"}, {Name: "Vary", Value: "X-API-Key, Authorization"}}}
	noStore := rationhttp.Response{Fields: []rationhttp.Field{{Name: "Cache-Control", Value: "no-store"}}}
	for _, row := range []struct {
		name     string
		response rationhttp.Response
		header   http.Header
		control  []string
		vary     []string
	}{
		{"nothing said", private, http.Header{}, []string{"private"}, []string{"X-API-Key, Authorization"}},
		{"an age only", private, http.Header{"Cache-Control": {"max-age=60"}}, []string{"max-age=60, private"}, []string{"X-API-Key, Authorization"}},
		{"public on purpose", private, http.Header{"Cache-Control": {"PUBLIC, max-age=60"}}, []string{"PUBLIC, max-age=60"}, []string{"X-API-Key, Authorization"}},
		{"shared on purpose", private, http.Header{"Cache-Control": {"max-age=60", "s-maxage=5"}}, []string{"max-age=60", "s-maxage=5"}, []string{"X-API-Key, Authorization"}},
		{"stricter already", private, http.Header{"Cache-Control": {"no-store"}}, []string{"no-store"}, []string{"X-API-Key, Authorization"}},
		{"key in the URL", noStore, http.Header{"Cache-Control": {"public"}}, []string{"no-store"}, nil},
		{"varies already", private, http.Header{"Vary": {"Accept, x-api-key", "Origin"}}, []string{"private"}, []string{"Accept, x-api-key, Origin, Authorization"}},
		{"varies by everything", private, http.Header{"Vary": {"*"}}, []string{"private"}, []string{"*"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.header["Ratelimit"] = []string{"the application's", "twice"}
			row.response.Apply(row.header)
			if diff := cmp.Diff(row.control, row.header["Cache-Control"]); diff != "" {
				t.Errorf("Cache-Control (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(row.vary, row.header["Vary"]); diff != "" {
				t.Errorf("Vary (-want +got):\n%s", diff)
			}
			if field := row.response.Field("RateLimit"); field != "" && (len(row.header["Ratelimit"]) != 1 || row.header.Get("RateLimit") != field) {
				t.Errorf("RateLimit: got %q", row.header["Ratelimit"])
			}
		})
	}
}

func TestStyles(t *testing.T) {
	for text, want := range map[string]rationhttp.Style{"": "draft10", "draft10": "draft10", "legacy": "legacy", "both": "both", "off": "off"} {
		if got, err := rationhttp.ParseStyle(text); err != nil || got != want {
			t.Errorf("%q: got %s, %v", text, got, err)
		}
	}
	if _, err := rationhttp.ParseStyle("Draft10"); err == nil {
		t.Error("Draft10 is taken")
	}
}
