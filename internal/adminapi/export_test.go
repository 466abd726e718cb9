package adminapi_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/adminapi"
)

// export reads a list as CSV.
func (s *served) export(path, accept string) (*http.Response, [][]string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.server.URL+adminapi.Prefix+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	rows, err := csv.NewReader(response.Body).ReadAll()
	if err != nil || response.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %d %q, %v", path, response.StatusCode, rows, err)
	}
	return response, rows
}

// days imports usage of a key on so many days.
func (s *served) days(key string, count int) {
	s.t.Helper()
	for first := 0; first < count; first += 500 {
		var days []string
		for i := first; i < min(first+500, count); i++ {
			days = append(days, fmt.Sprintf(`{"key":%q,"date":%q,"used":%d}`, key, time.Date(2020, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), i+1))
		}
		s.must(s.call("POST", "/usage/import", `{"days":[`+strings.Join(days, ",")+`]}`))
	}
}

func TestAListInCSVIsWhole(t *testing.T) {
	s := serve(t)
	key := s.key(`{"name":"=1+1","owner":"＋acme"}`)
	s.days(key, 1_250)
	response, rows := s.export("/usage/days?limit=5", "text/csv")
	if len(rows) != 1_251 || strings.Join(rows[0], ",") != "date,key_id,key_name,owner,meter,used,denied,last_request_at" {
		t.Errorf("%d rows, the first %q", len(rows), rows[0])
	}
	seen := map[string]bool{}
	for _, row := range rows[1:] {
		if seen[row[0]] || row[1] != key || row[2] != "'=1+1" || row[3] != "'＋acme" {
			t.Fatalf("row %q", row)
		}
		seen[row[0]] = true
	}
	if media := response.Header.Get("Content-Type"); !strings.HasPrefix(media, "text/csv") || response.Header.Get("Vary") != "Accept" {
		t.Errorf("header %v", response.Header)
	}
	if _, rows := s.export("/keys", "text/csv, */*;q=0.1"); len(rows) != 2 || rows[1][0] != key || len(rows[1]) != 15 {
		t.Errorf("keys: %q", rows)
	}
	if _, rows := s.export("/usage?group_by=key,month&format=csv", "text/html, */*"); len(rows) != 1+42 || strings.Join(rows[0][:4], ",") != "key_id,key_name,owner,month" {
		t.Errorf("sums: %d rows, the first %q", len(rows), rows[0])
	}
	if _, rows := s.export("/audit?action=key.create&sort=at", "text/csv"); len(rows) != 2 || rows[1][3] != "key.create" {
		t.Errorf("audit: %q", rows)
	}
	if _, rows := s.export("/audit?action=none", "text/csv"); len(rows) != 1 {
		t.Errorf("an empty list: %q, want the names alone", rows)
	}
}

func TestJSONIsWhatAListIsUnlessCSVIsWanted(t *testing.T) {
	s := serve(t)
	for _, accept := range []string{"*/*", "application/json", "application/json, text/csv;q=0.5", "text/html", "image/png", "text/csv;q=0", "nonsense;;"} {
		if response, answer := s.call("GET", "/audit", "", "Accept", accept); response.StatusCode != 200 || answer["items"] == nil {
			t.Errorf("Accept: %s gets %d %v", accept, response.StatusCode, answer)
		}
	}
	if response, answer := s.call("GET", "/audit?format=xml", "", "Accept", "text/csv"); response.StatusCode != 400 {
		t.Errorf("format=xml: %d %v", response.StatusCode, answer)
	}
	if response, answer := s.call("GET", "/audit?cursor=AAAA", "", "Accept", "text/csv"); response.StatusCode != 400 || answer["code"] != "invalid_body" {
		t.Errorf("a wrong cursor: %d %v", response.StatusCode, answer)
	}
}

// failing answers some pages of a list, and then fails.
type failing struct {
	admin.Operations
	pages int
}

func (f *failing) ListAudit(context.Context, admin.AuditFilter) ([]admin.AuditEntry, error) {
	if f.pages--; f.pages < 0 {
		return nil, errors.New("the disk is gone")
	}
	return make([]admin.AuditEntry, 1_000), nil
}

func TestAListInCSVThatFailsDoesNotEndAsIfItWereWhole(t *testing.T) {
	for pages, status := range map[int]int{0: 500, 1: 200, 3: 200} {
		operations := &failing{pages: pages}
		server := httptest.NewServer(adminapi.New(adminapi.Config{Authenticate: func(*http.Request, string) (adminapi.Caller, error) {
			return adminapi.Caller{Operations: operations}, nil
		}}))
		response, err := http.Get(server.URL + adminapi.Prefix + "/audit?format=csv")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		server.Close()
		if response.StatusCode != status || (err == nil) != (pages == 0) {
			t.Errorf("%d pages and an error: status %d, %d bytes, %v", pages, response.StatusCode, len(text), err)
		}
	}
}

// stuck is the connection of a client that reads nothing: after so many deadlines were set,
// the last one has passed.
type stuck struct {
	http.ResponseWriter
	deadlines []time.Duration // until each, when it was set
	after     int
}

func (s *stuck) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *stuck) SetWriteDeadline(deadline time.Time) error {
	s.deadlines = append(s.deadlines, time.Until(deadline))
	if len(s.deadlines) > s.after {
		deadline = time.Now().Add(-time.Second)
	}
	return http.NewResponseController(s.ResponseWriter).SetWriteDeadline(deadline)
}

// A client has 30 seconds for each part of a list in CSV, and is cut off then.
func TestAClientThatDoesNotReadCSVIsCutOff(t *testing.T) {
	for _, after := range []int{0, 2} {
		api := adminapi.New(adminapi.Config{Authenticate: func(*http.Request, string) (adminapi.Caller, error) {
			return adminapi.Caller{Operations: &failing{pages: 1 << 30}}, nil // the list has no end
		}})
		connection := &stuck{after: after}
		ended := make(chan any, 1)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				reason := recover()
				ended <- reason
				panic(reason)
			}()
			connection.ResponseWriter = w
			api.ServeHTTP(connection, r)
		}))
		response, err := http.Get(server.URL + adminapi.Prefix + "/audit?format=csv")
		if err == nil {
			_, err = io.ReadAll(response.Body)
			_ = response.Body.Close()
		}
		if reason := <-ended; reason != any(http.ErrAbortHandler) || err == nil {
			t.Errorf("the answer ended with %v, and the client saw %v; want that it breaks off", reason, err)
		}
		server.Close()
		if len(connection.deadlines) != after+1 {
			t.Errorf("%d parts were written; want %d", len(connection.deadlines), after+1)
		}
		for _, left := range connection.deadlines {
			if left > 30*time.Second || left < 25*time.Second {
				t.Errorf("a client has %s; want 30 s", left)
			}
		}
	}
}
