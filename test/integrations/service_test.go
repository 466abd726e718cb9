package integrations_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/verify"
)

// serviceToken is what services of these tests send; no answer may show it.
const serviceToken = "service-token-hunter2"

// service asks the verify API over a socket, as an application does.
type service struct {
	t      testing.TB
	server *httptest.Server
	secret string // of the client's key; no answer may show it
}

// reply is what a service gets.
type reply struct {
	status int
	header http.Header
	body   string
}

// newService serves the verify API of an engine until the test ends.
func newService(t testing.TB, engine *ration.Engine, secret ration.Secret, config verify.Config) *service {
	config.Charger, config.Reservations, config.Callers = engine, engine, bearer.New(anyToken{})
	mux := http.NewServeMux()
	verify.NewHandler(config).Register(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return &service{t, server, secret.Reveal()}
}

// ask posts a body, in which SECRET stands for the client's secret.
func (s *service) ask(path, body string, header ...string) reply {
	s.t.Helper()
	return s.send("POST", path, strings.ReplaceAll(body, "SECRET", s.secret), header...)
}

// send sends a request with more header fields: names and values in turn.
func (s *service) send(method, path, body string, header ...string) reply {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.server.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+serviceToken)
	for n := 0; n < len(header); n += 2 {
		r.Header.Add(header[n], header[n+1])
	}
	response, err := s.server.Client().Do(r)
	if err != nil {
		s.t.Error(err)
		return reply{}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Error(err)
	}
	var spoken strings.Builder
	_ = response.Header.Write(&spoken)
	for _, secret := range []string{s.secret, serviceToken} {
		if strings.Contains(spoken.String()+string(text), secret) {
			s.t.Errorf("a secret is in %s%s", &spoken, text)
		}
	}
	return reply{response.StatusCode, response.Header, string(text)}
}

// reserve reserves and wants that it was allowed.
func (s *service) reserve(body string, header ...string) api.ReserveResponse {
	s.t.Helper()
	got := s.ask(verify.ReservationsPath, body, header...)
	var answer api.ReserveResponse
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil || got.status != 200 || !answer.Allowed || answer.Reservation == nil {
		s.t.Fatalf("got %d %s, %v", got.status, got.body, err)
	}
	return answer
}

// end settles or voids and wants that it is done.
func (s *service) end(id, how, body string) api.Reservation {
	s.t.Helper()
	got := s.ask(verify.ReservationsPath+"/"+id+"/"+how, body)
	return s.reservationIn(got)
}

// show returns a reservation as it is.
func (s *service) show(id string) api.Reservation {
	s.t.Helper()
	return s.reservationIn(s.send("GET", verify.ReservationsPath+"/"+id, ""))
}

func (s *service) reservationIn(got reply) api.Reservation {
	s.t.Helper()
	var reservation api.Reservation
	if err := json.Unmarshal([]byte(got.body), &reservation); err != nil || got.status != 200 {
		s.t.Fatalf("got %d %s, %v", got.status, got.body, err)
	}
	return reservation
}

// limit asks, without a charge, how the key's limit on tokens stands.
func (s *service) limit() (used, reserved, remaining int64) {
	s.t.Helper()
	got := s.ask(verify.Path, `{"secret":"SECRET","amounts":{"requests":0,"tokens":0},"dry_run":true}`)
	var answer api.VerifyResponse
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil {
		s.t.Fatal(err)
	}
	for _, limit := range answer.Limits {
		if limit.Meter == "tokens" {
			used, _ = limit.Used.Int64()
			reserved, _ = limit.Reserved.Int64()
			remaining, _ = limit.Remaining.Int64()
			return used, reserved, remaining
		}
	}
	s.t.Fatalf("there is no limit on tokens in %s", got.body)
	return 0, 0, 0
}

// wants checks status and code of an answer that is a problem.
func (got reply) wants(t testing.TB, status int, code string) {
	t.Helper()
	var problem api.Problem
	if err := json.Unmarshal([]byte(got.body), &problem); err != nil || got.status != status || problem.Code != code {
		t.Errorf("got %d %s; want %d %s", got.status, got.body, status, code)
	}
}

// reservationID returns the id in an answer to whoever reserves.
func (s *service) reservationID(got reply) string {
	s.t.Helper()
	var answer api.ReserveResponse
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil || answer.Reservation == nil {
		s.t.Errorf("got %d %s, %v", got.status, got.body, err)
		return ""
	}
	return answer.Reservation.ID
}

// contains reports whether a text has all parts.
func contains(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}
