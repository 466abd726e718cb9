//go:build unix

package examples_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ration-dev/ration/test/harness"
)

// pageReceiver is a receiver of the page about events, as a process.
type pageReceiver struct {
	name, url, secret string
	mu                sync.Mutex
	printed           bytes.Buffer
}

func (r *pageReceiver) Write(text []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.printed.Write(text)
}

func (r *pageReceiver) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.printed.String()
}

// TestReceiversOfTheEventsPage runs the page's receivers as they stand. They get real
// events, and refuse what Ration has not sent, or not now.
func TestReceiversOfTheEventsPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/EVENTS.md")
	if err != nil {
		t.Fatal(err)
	}
	db := "sqlite:" + filepath.Join(t.TempDir(), "ration.db")
	harness.CLI(t, db, "migrate")
	var receivers []*pageReceiver
	for _, one := range []struct{ language, program, file string }{{"python", "python3", "receiver.py"}, {"js", "node", "receiver.mjs"}} {
		found := regexp.MustCompile("(?s)```"+one.language+"\n(.*?)```").FindAllSubmatch(page, -1)
		if len(found) != 1 {
			t.Fatalf("the page has %d blocks in %s", len(found), one.language)
		}
		address := harness.FreeAddr(t)
		receiver := &pageReceiver{name: one.language, url: "http://" + address + "/hooks"}
		_, receiver.secret = harness.CreateWebhook(t, db, receiver.url)
		file := filepath.Join(t.TempDir(), one.file)
		write(t, file, string(found[0][1]))
		receiver.start(t, address, one.program, file)
		receivers = append(receivers, receiver)
	}
	key := harness.CreateKey(t, db, "--limit", "10/lifetime")
	instance := harness.NewInstance(t, db, harness.NewUpstream(t).URL, harness.AllowReceivers...)
	instance.Start()
	instance.AwaitReady()
	for range 8 {
		harness.NewClient().Call(t.Context(), instance.ProxyURL, key.Secret)
	}
	for _, receiver := range receivers {
		receiver.await(t, `(?s)^key\.created subject .*\nkey\.limit_threshold subject .*"?threshold"?'?: ?80.*\n$`)
		receiver.wantRefusals(t)
	}
}

// start starts a receiver, and waits until it listens.
func (r *pageReceiver) start(t *testing.T, address, program, file string) {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	process := exec.CommandContext(context.Background(), program, file)
	process.Env = append(os.Environ(), "WEBHOOK_SECRET="+r.secret, "PORT="+port)
	process.Stdout = r
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not listen", file)
		}
	}
}

func (r *pageReceiver) await(t *testing.T, pattern string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !regexp.MustCompile(pattern).MatchString(r.text()); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: %q is not in:\n%s", r.name, pattern, r.text())
		}
	}
}

// wantRefusals sends messages of its own.
func (r *pageReceiver) wantRefusals(t *testing.T) {
	t.Helper()
	now := time.Now().Unix()
	const body = `{"type":"key.created","timestamp":"2026-11-30T16:00:00Z","data":{"id":"forged","type":"key.created","key_name":"forged","data":{}}}`
	valid := func(at int64) string { return signature(r.secret, fmt.Sprintf("forged.%d.%s", at, body)) }
	stamp := func(at int64) string { return fmt.Sprint(at) }
	for _, row := range []struct {
		name, id, at, signatures, body string
		want                           int
	}{
		{"another secret", "forged", stamp(now), signature("whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", fmt.Sprintf("forged.%d.%s", now, body)), body, 401},
		{"no signature", "forged", stamp(now), "", body, 401},
		{"an empty signature", "forged", stamp(now), "v1,", body, 401},
		{"another version", "forged", stamp(now), "v2" + strings.TrimPrefix(valid(now), "v1"), body, 401},
		{"another body", "forged", stamp(now), valid(now), body + " ", 401},
		{"another id", "other", stamp(now), valid(now), body, 401},
		{"another timestamp", "forged", stamp(now + 1), valid(now), body, 401},
		{"too old", "forged", stamp(now - 310), valid(now - 310), body, 401},
		{"too new", "forged", stamp(now + 320), valid(now + 320), body, 401},
		{"no timestamp", "forged", "", signature(r.secret, "forged.."+body), body, 401},
		{"a timestamp that is no number", "forged", "now", signature(r.secret, "forged.now."+body), body, 401},
		{"a negative timestamp", "forged", "-1", valid(-1), body, 401},
		{"old, and within the tolerance", "forged", stamp(now - 280), valid(now - 280), body, 204},
		{"the same again, with two signatures", "forged", stamp(now), signature("whsec_c2VjcmV0", "x") + " " + valid(now), body, 204},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url, strings.NewReader(row.body))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{"webhook-id": row.id, "webhook-timestamp": row.at, "webhook-signature": row.signatures} {
			if value != "" {
				request.Header.Set(name, value)
			}
		}
		before := strings.Count(r.text(), "forged")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Errorf("%s: %s: %v", r.name, row.name, err)
			continue
		}
		_ = response.Body.Close()
		if response.StatusCode != row.want {
			t.Errorf("%s: %s: answered %d, want %d", r.name, row.name, response.StatusCode, row.want)
		}
		if row.want == 401 && strings.Count(r.text(), "forged") != before {
			t.Errorf("%s: %s: the event was accepted", r.name, row.name)
		}
	}
	r.await(t, "forged")
	if strings.Count(r.text(), "forged") != 1 {
		t.Errorf("%s: an event that came twice counts twice:\n%s", r.name, r.text())
	}
}

func signature(secret, text string) string {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		panic(err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
