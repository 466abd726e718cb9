package harness

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ration-dev/ration/api"
)

// AllowReceivers are arguments of "ration serve" that let webhooks reach receivers of tests.
var AllowReceivers = []string{"--webhook-private-addresses", "127.0.0.1/32"}

// Arrival is an event that a receiver has got.
type Arrival struct {
	Event    api.Event
	Accepted bool // with the answer that it got
}

// Receiver is a receiver of webhooks that checks all that it gets.
type Receiver struct {
	URL string

	t         *testing.T
	mu        sync.Mutex
	secret    string
	answer    func(event api.Event, before int) int // a status; before: how often the event was there before
	elsewhere string                                // where it redirects to; empty: nowhere
	got       []Arrival
}

// NewReceiver returns a receiver that accepts everything until [Receiver.Answer] says
// otherwise. It knows no secret until [Receiver.Register].
func NewReceiver(t *testing.T) *Receiver {
	r := &Receiver{t: t, answer: func(api.Event, int) int { return http.StatusNoContent }}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.URL = server.URL + "/hooks?token=canary"
	return r
}

// Register creates a webhook for the receiver.
func (r *Receiver) Register(db string) (id string) {
	r.t.Helper()
	id, r.secret = CreateWebhook(r.t, db, r.URL)
	return id
}

// Answer says how events are answered from now on.
func (r *Receiver) Answer(answer func(event api.Event, before int) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// RedirectTo has the receiver answer everything with a redirect.
func (r *Receiver) RedirectTo(url string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.elsewhere = url
}

// Got returns what has arrived so far.
func (r *Receiver) Got() []Arrival {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Arrival(nil), r.got...)
}

// Await waits until what has arrived is enough.
func (r *Receiver) Await(enough func([]Arrival) bool) []Arrival {
	r.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		got := r.Got()
		if enough(got) {
			return got
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("after a minute %d events have arrived, the last ones %+v", len(got), got[max(0, len(got)-5):])
		}
	}
}

// ServeHTTP implements [http.Handler].
func (r *Receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return // the sender was killed
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var message api.WebhookMessage
	id, at := request.Header.Get("webhook-id"), request.Header.Get("webhook-timestamp")
	if err := json.Unmarshal(body, &message); err != nil || message.Data.ID != id || message.Type != message.Data.Type || !message.Timestamp.Equal(message.Data.Time) {
		r.t.Errorf("webhook-id %s with %s", id, body)
	}
	if !r.isSigned(id+"."+at+"."+string(body), request.Header.Get("webhook-signature")) {
		r.t.Errorf("event %s is not signed: %v", id, request.Header)
	}
	before := 0
	for _, earlier := range r.got {
		if earlier.Event.ID == id {
			before++
		}
	}
	status := r.answer(message.Data, before)
	if r.elsewhere != "" {
		w.Header().Set("Location", r.elsewhere)
		status = http.StatusTemporaryRedirect
	}
	r.got = append(r.got, Arrival{message.Data, status < 300})
	w.WriteHeader(status)
}

func (r *Receiver) isSigned(text, signatures string) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.secret, "whsec_"))
	if err != nil || len(key) < 24 {
		r.t.Errorf("the secret is not as Standard Webhooks has it")
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return slices.Contains(strings.Split(signatures, " "), want)
}

// CreateWebhook creates a webhook with "ration webhooks create".
func CreateWebhook(t *testing.T, db, url string) (id, secret string) {
	t.Helper()
	var created api.IssuedWebhook
	out := CLI(t, db, "webhooks", "create", url, "-o", "json")
	if err := json.Unmarshal([]byte(out), &created); err != nil || created.Secret == "" {
		t.Fatalf("creating a webhook printed %q: %v", out, err)
	}
	return created.Webhook.ID, created.Secret
}
