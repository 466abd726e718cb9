package browser_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// receiver is somebody else's service, which gets events.
type receiver struct {
	*httptest.Server
	answers atomic.Int64 // its status
	signed  chan bool    // of each message: whether it is signed with the secret
	secret  atomic.Pointer[string]
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{signed: make(chan bool, 100)}
	r.answers.Store(http.StatusNoContent)
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body) // what is cut off has another signature
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(*r.secret.Load(), "whsec_"))
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(request.Header.Get("Webhook-Id") + "." + request.Header.Get("Webhook-Timestamp") + "."))
	mac.Write(body)
	r.signed <- request.Header.Get("Webhook-Signature") == "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil))
	w.WriteHeader(int(r.answers.Load()))
}

func TestAWebhookFromItsSecretToItsEnd(t *testing.T) {
	t.Parallel()
	r, service := newRig(t, "--webhook-private-addresses", "127.0.0.0/8"), newReceiver(t)
	b := newTab(t, r.adminURL)
	b.logIn(r, r.newToken("console", "admin"))
	b.follow("nav a", "Events")
	b.follow("main a", "Webhooks")
	b.follow("a", "Make the first webhook")
	b.fill("#url", service.URL+"/hook")
	b.click("button", "Make the webhook")
	secret := b.awaitSeen("#secret", "")
	service.secret.Store(&secret)
	if path := get[string](b, `() => location.pathname`); !strings.HasPrefix(path, "/webhooks/") || path == "/webhooks/new" {
		t.Errorf("the new webhook is at %s", path)
	}

	// What happens is sent, and the page says so without being loaded again.
	wantSame := b.stays()
	r.newKey("Ada")
	b.awaitSeen("#live td .tag", "delivered")
	if !<-service.signed {
		t.Error("the message is not signed with the secret that the page has shown")
	}
	wantSame()

	// An endpoint that is gone gets nothing more, until somebody enables it.
	service.answers.Store(http.StatusGone)
	r.newKey("Grace")
	b.awaitText("#state", "disabled")
	b.awaitSeen("#live .alert", "")
	wantSame()
	b.open(r.adminURL + get[string](b, `() => location.pathname`))
	if text := get[string](b, `() => document.body.innerText`); strings.Contains(text, secret) {
		t.Error("the page shows the secret again")
	}
	service.answers.Store(http.StatusOK)
	b.follow("button", "Enable")
	b.awaitText("#state", "enabled")
	const bothDelivered = `() => document.querySelectorAll("#live td .tag.delivered").length === 2`
	await[bool](b, "both delivered", bothDelivered)

	// What was given up is sent again.
	r.giveUp()
	b.awaitSeen("#live td .tag", "dead")
	b.follow("a", "Replay all dead…")
	b.awaitText("h1", "Replay 2 dead letters")
	b.follow("button", "Replay 2")
	b.awaitSeen(".notice", "2 deliveries are sent again now")
	await[bool](b, "both delivered again", bothDelivered)

	// It is deleted by the name of its host.
	b.click("button", "Delete…")
	b.fill("#d-typed", strings.TrimPrefix(service.URL, "http://"))
	b.follow("dialog button", "Delete")
	b.awaitSeen("h2", "Events are sent nowhere yet")
}
