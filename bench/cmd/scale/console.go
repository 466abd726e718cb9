package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// visitor asks for pages of the console, as a browser does for somebody who is logged in.
type visitor struct {
	url    string
	cookie *http.Cookie
}

// consolePages are pages of the console, whose number of keys in all is what could make
// them slow. {key} stands for a key, another one each time.
var consolePages = []struct{ name, path string }{
	{"overview", "/"},
	{"overview of 30 days", "/?range=30d"},
	{"keys", "/keys"},
	{"keys, found by a letter", "/keys?q=a"},
	{"keys, found by two words", "/keys?q=grace+hop"},
	{"keys, found by nothing", "/keys?q=nobody"},
	{"keys, disabled, of a rare plan", "/keys?status=disabled&plan=gold"},
	{"keys by name", "/keys?sort=name"},
	{"a key", "/keys/{key}"},
	{"a key, and why it was refused", "/keys/{key}?why=&units=1&meter=requests"},
	{"a change of keys, to be confirmed", "/keys/change?action=disable&key={key}"},
	{"palette", "/palette?q=grace"},
	{"plans", "/plans"},
	{"a plan", "/plans/free"},
	{"audit log", "/audit"},
	{"audit log of a key", "/audit?target={key}"},
	{"tokens", "/tokens"},
	{"sessions", "/sessions"},
}

// measureConsole prints what pages of the console take, in turns with a key by its id.
func measureConsole(ctx context.Context, s *settings, reader *reader, address string) error {
	v, err := logIn(ctx, address, reader.token)
	if err != nil {
		return err
	}
	times := make([][]time.Duration, len(consolePages))
	var keys []time.Duration
	for range s.rounds {
		took, _, err := reader.get(ctx, "/keys/key_"+dashed(keyID(reader.anyKey())), nil)
		if err != nil {
			return err
		}
		keys = append(keys, took)
		for i, page := range consolePages {
			took, err := v.get(ctx, strings.ReplaceAll(page.path, "{key}", "key_"+dashed(keyID(reader.anyKey()))))
			if err != nil {
				return fmt.Errorf("%s: %w", page.name, err)
			}
			times[i] = append(times[i], took)
		}
	}
	key := median(keys)
	fmt.Printf("\nThe console. A key by its id: %s.\n\n| page of the console | median | × a key | worst |\n|---|---|---|---|\n", key)
	for i, page := range consolePages {
		took := median(times[i])
		fmt.Printf("| %s | %s | %.1f | %s |\n", page.name, took, float64(took)/float64(key), slices.Max(times[i]))
	}
	return nil
}

// logIn begins a session with a service token.
func logIn(ctx context.Context, address, token string) (*visitor, error) {
	v := &visitor{url: "http://" + address}
	form := strings.NewReader(url.Values{"code": {token}}.Encode())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, v.url+"/login", form)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultTransport.RoundTrip(request) // follows no redirect
	if err != nil {
		return nil, err
	}
	_ = response.Body.Close()
	for _, cookie := range response.Cookies() {
		if cookie.Value != "" {
			v.cookie = &http.Cookie{Name: cookie.Name, Value: cookie.Value}
			return v, nil
		}
	}
	return nil, errors.New("the console let nobody in: " + response.Status)
}

// get reads one page, and returns what that took, with the reading of its last byte.
func (v *visitor) get(ctx context.Context, path string) (took time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.url+path, http.NoBody)
	if err != nil {
		return 0, err
	}
	request.AddCookie(v.cookie)
	start := time.Now()
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	_, err = io.Copy(io.Discard, response.Body)
	took = time.Since(start)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	return took, err
}
