package cli_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// logInFrom logs in through a proxy on this machine, and returns the answer's status.
func logInFrom(t *testing.T, console, code, client string) int {
	t.Helper()
	body := strings.NewReader(url.Values{"code": {code}}.Encode())
	return statusOfRequest(t, http.MethodPost, console+"/login", body, http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "X-Forwarded-For": {client},
	})
}

func statusOfRequest(t *testing.T, method, to string, body *strings.Reader, header http.Header) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, to, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

// TestStrangersLockNobodyOut has a stranger guess at the console and the admin API, behind
// the proxy that operators come through, too.
func TestStrangersLockNobodyOut(t *testing.T) {
	t.Chdir(t.TempDir())
	operator := strings.TrimSpace(must(t, "sqlite:ration.db", "tokens", "create", "ops", "--scope", "read", "-q"))
	script := strings.TrimSpace(must(t, "sqlite:ration.db", "tokens", "create", "script", "--scope", "read", "-q"))
	app := strings.TrimSpace(must(t, "sqlite:ration.db", "tokens", "create", "app", "--scope", "verify", "-q"))
	address, api := freeAddress(t), freeAddress(t)
	startServer(t, []string{"RATION_ADMIN_LISTEN=" + address, "RATION_TRUSTED_PROXIES=127.0.0.1"}, "--api-listen", api)
	console := "http://" + address
	call := func(to, token, client string) int {
		return statusOfRequest(t, http.MethodGet, console+to, strings.NewReader(""), http.Header{"Authorization": {"Bearer " + token}, "X-Forwarded-For": {client}})
	}
	for range 30 {
		logInFrom(t, console, "made-up", "203.0.113.9")
	}
	if status := logInFrom(t, console, operator, "203.0.113.9"); status != http.StatusTooManyRequests {
		t.Errorf("the stranger's own address: %d", status)
	}
	if status := call("/v1/admin/keys", script, "203.0.113.9"); status != http.StatusTooManyRequests {
		t.Errorf("the stranger's own address, at the admin API: %d", status)
	}
	if status := call("/v1/admin/keys", script, "198.51.100.8"); status != http.StatusOK {
		t.Errorf("an operator's script: %d", status)
	}
	if status := logInFrom(t, console, operator, "198.51.100.7"); status != http.StatusSeeOther {
		t.Errorf("an operator: %d", status)
	}
	status := statusOfRequest(t, http.MethodPost, "http://"+api+"/v1/verify", strings.NewReader(`{"secret":"rk_x"}`), http.Header{
		"Authorization": {"Bearer " + app}, "Content-Type": {"application/json"},
	})
	if status != http.StatusOK {
		t.Errorf("an app that asks the verify API: %d", status)
	}
}
