package proxy_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sort"
	"strings"
	"testing"
)

// page is a web page in a browser, as far as the Fetch standard says what it
// may send to another origin and read of the answers.
type page struct {
	origin  string
	cookies bool // it asks for them (credentials: "include")
}

// errNetwork is all that a page learns when the browser keeps an answer from it.
var errNetwork = errors.New("network error")

// fetch sends a request of the page, after a preflight if it needs one, and
// returns what the page may read.
func (p page) fetch(client *http.Client, method, url string, headers map[string]string) (*http.Response, error) {
	if unsafe := unsafeNames(headers); !isSafeMethod(method) || len(unsafe) > 0 {
		if err := p.preflight(client, method, url, unsafe); err != nil {
			return nil, err
		}
	}
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		return nil, err
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	r.Header.Set("Origin", p.origin)
	if p.cookies {
		r.Header.Set("Cookie", "session=1")
	}
	response, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	_ = response.Body.Close() // the fields are what is looked at
	if err := p.check(response); err != nil {
		return nil, err
	}
	p.hide(response)
	return response, nil
}

// preflight is the standard's "CORS-preflight fetch" (section 4.9).
func (p page) preflight(client *http.Client, method, url string, unsafe []string) error {
	r, err := http.NewRequest(http.MethodOptions, url, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Accept", "*/*")
	r.Header.Set("Origin", p.origin)
	r.Header.Set("Access-Control-Request-Method", method)
	if len(unsafe) > 0 {
		r.Header.Set("Access-Control-Request-Headers", strings.Join(unsafe, ","))
	}
	response, err := client.Do(r)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if err := p.check(response); err != nil {
		return err
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("%w: the preflight got %d", errNetwork, response.StatusCode)
	}
	methods, names := listed(response, "Access-Control-Allow-Methods"), listed(response, "Access-Control-Allow-Headers")
	if !slices.Contains(methods, method) && !isSafeMethod(method) && (p.cookies || !slices.Contains(methods, "*")) {
		return fmt.Errorf("%w: method %s is not among %q", errNetwork, method, methods)
	}
	for _, name := range unsafe {
		allowed := slices.ContainsFunc(names, func(other string) bool { return strings.EqualFold(name, other) })
		if !allowed && (p.cookies || name == "authorization" || !slices.Contains(names, "*")) {
			return fmt.Errorf("%w: header %s is not among %q", errNetwork, name, names)
		}
	}
	return nil
}

// check is the standard's "CORS check" (section 4.10). Several fields are one with
// commas, which no origin has.
func (p page) check(response *http.Response) error {
	origin := strings.Join(response.Header["Access-Control-Allow-Origin"], ", ")
	if origin == "*" && !p.cookies {
		return nil
	}
	if origin != p.origin {
		return fmt.Errorf("%w: Access-Control-Allow-Origin is %q (%d)", errNetwork, origin, response.StatusCode)
	}
	if p.cookies && strings.Join(response.Header["Access-Control-Allow-Credentials"], ", ") != "true" {
		return fmt.Errorf("%w: no Access-Control-Allow-Credentials", errNetwork)
	}
	return nil
}

// hide takes out what a page may not read.
func (p page) hide(response *http.Response) {
	exposed := append(listed(response, "Access-Control-Expose-Headers"), "Cache-Control", "Content-Language", "Content-Length", "Content-Type", "Expires", "Last-Modified", "Pragma")
	if !p.cookies && slices.Contains(exposed, "*") {
		return
	}
	for name := range response.Header {
		if !slices.ContainsFunc(exposed, func(other string) bool { return strings.EqualFold(name, other) }) {
			delete(response.Header, name)
		}
	}
}

func listed(response *http.Response, field string) (items []string) {
	for item := range strings.SplitSeq(strings.Join(response.Header[field], ","), ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

func isSafeMethod(method string) bool { return method == "GET" || method == "HEAD" || method == "POST" }

// unsafeNames returns the names that a preflight announces: in small letters,
// sorted.
func unsafeNames(headers map[string]string) (names []string) {
	for name, value := range headers {
		name = strings.ToLower(name)
		safe := slices.Contains([]string{"accept", "accept-language", "content-language"}, name) ||
			name == "content-type" && slices.Contains([]string{"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}, value)
		if !safe {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

// TestTheBrowserOfTheseTestsIsStrict shows the model answers that real browsers
// refuse.
func TestTheBrowserOfTheseTestsIsStrict(t *testing.T) {
	good := http.Header{"Access-Control-Allow-Origin": {"https://a.example"}, "Access-Control-Allow-Methods": {"DELETE"}, "Access-Control-Allow-Headers": {"Authorization"}, "Access-Control-Allow-Credentials": {"true"}}
	with := func(name string, values ...string) http.Header {
		header := good.Clone()
		header[name] = values
		return header
	}
	for _, row := range []struct {
		name              string
		preflight, answer http.Header
		status            int // of the preflight
		cookies, refused  bool
	}{
		{"good", good, good, 204, false, false},
		{"good, with cookies", good, good, 204, true, false},
		{"another status that is well", good, good, 200, false, false},
		{"preflight refused", good, good, 401, false, true},
		{"preflight redirected", good, good, 302, false, true},
		{"no origin", with("Access-Control-Allow-Origin"), good, 204, false, true},
		{"no origin in the answer", good, with("Access-Control-Allow-Origin"), 204, false, true},
		{"two origins", good, with("Access-Control-Allow-Origin", "https://a.example", "*"), 204, false, true},
		{"the same origin twice", good, with("Access-Control-Allow-Origin", "https://a.example", "https://a.example"), 204, false, true},
		{"another origin", good, with("Access-Control-Allow-Origin", "https://b.example"), 204, false, true},
		{"all origins", with("Access-Control-Allow-Origin", "*"), with("Access-Control-Allow-Origin", "*"), 204, false, false},
		{"all origins with cookies", good, with("Access-Control-Allow-Origin", "*"), 204, true, true},
		{"cookies that nobody allows", good, with("Access-Control-Allow-Credentials"), 204, true, true},
		{"a method in other letters", with("Access-Control-Allow-Methods", "delete"), good, 204, false, true},
		{"all headers, which Authorization is none of", with("Access-Control-Allow-Headers", "*"), good, 204, false, true},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			header, status := row.answer, 200
			if r.Method == http.MethodOptions {
				header, status = row.preflight, row.status
			}
			for name, values := range header {
				w.Header()[name] = values
			}
			w.WriteHeader(status)
		}))
		client := server.Client()
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		_, err := page{origin: "https://a.example", cookies: row.cookies}.fetch(client, "DELETE", server.URL, map[string]string{"Authorization": "Bearer x"})
		if errors.Is(err, errNetwork) != row.refused {
			t.Errorf("%s: got %v", row.name, err)
		}
		server.Close()
	}
}
