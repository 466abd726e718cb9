package rationhttp_test

import (
	"net/http"
	"testing"

	"github.com/ration-dev/ration/rationhttp"
)

func TestStripQueryLeavesNoSecretAndAllElse(t *testing.T) {
	const secret = "imported+secret/of%26=26 chars"
	for _, row := range []struct{ name, parameter, secret, query, want string }{
		{"nothing", "", "", "", ""},
		{"no secret in it", "", secret, "b=2&a=%20+x&&c", "b=2&a=%20+x&&c"},
		{"no secret presented", "", "", "a=&b&=c", "a=&b&=c"},
		{"the parameter", "key", "k1", "a=1&key=k1&b=2", "a=1&b=2"},
		{"the parameter, whatever it holds", "key", "k1", "k%65y=other&b=2&key", "b=2"},
		{"repeated elsewhere", "key", "k1", "key=k1&token=k%31&token=k2", "token=k2"},
		{"a short one within another word", "", "k1", "a=k12&b=xk1", "a=k12&b=xk1"},
		{"a long one within a value", "", "a-secret-of-23-characters", "a=1&next=http://h/?k=a-secret-of-23-characters&b=2", "a=1&b=2"},
		{"as a name", "", "a-secret-of-23-characters", "a-secret-of-23-characters&b=2", "b=2"},
		{"form encoding", "", secret, "a=imported%2Bsecret%2Fof%2526%3D26+chars&b=2", "b=2"},
		{"percent encoding", "", secret, "a=imported+secret/of%2526%3D26%20chars&b=2", "b=2"},
		{"no encoding", "", "imported=secret%of%20", "imported=secret%of%20&b=2", "b=2"},
	} {
		if got := (rationhttp.Sources{QueryParameter: row.parameter}).StripQuery(row.query, row.secret); got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
}

// TestCookiesWithoutASecretAreLeftAsTheyAre is for their bytes: some applications
// sign the field.
func TestCookiesWithoutASecretAreLeftAsTheyAre(t *testing.T) {
	const secret = "rk_0123456789abcdefghij"
	for sent, want := range map[string]string{
		"a=1;b=2 ;  c=3;":                "a=1;b=2 ;  c=3;",
		"a=1; key=" + secret + "; b=2":   "a=1; b=2",
		`a=1; key="` + secret + `" ;b=2`: "a=1;b=2",
		"key=" + secret:                  "",
	} {
		header := http.Header{"Cookie": {sent}}
		rationhttp.Sources{}.Strip(header, secret)
		if got := header.Get("Cookie"); got != want {
			t.Errorf("%q: got %q, want %q", sent, got, want)
		}
	}
}

// TestOtherSpellingsOfTheKeyHeaderAreTakenOut is for upstreams that take names for one.
func TestOtherSpellingsOfTheKeyHeaderAreTakenOut(t *testing.T) {
	header := http.Header{}
	for _, name := range []string{"X-Api-Key", "X_API_KEY", "xapikey", "X--Api-Key-", "X-Api-Key2", "X-Api-Ke", "Api-Key", ""} {
		header[name] = []string{"x"}
	}
	rationhttp.Sources{}.StripPlaces(header)
	if len(header) != 4 || header["X-Api-Key2"] == nil || header["X-Api-Ke"] == nil || header["Api-Key"] == nil {
		t.Errorf("left: %v", header)
	}
}
