package takeover_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/ration-dev/ration/test/harness"
)

// TestFaults shows for each fault that such apps have what becomes of it.
func TestFaults(t *testing.T) {
	for _, row := range []struct {
		name string
		run  func(*testing.T, *rig)
	}{
		{"1 the first call after a start counts", firstCall},
		{"2 counts survive restarts", restarts},
		{"3 concurrent calls don't pass together", concurrent},
		{"4 remaining belongs to the key and not to its name", sameName},
		{"5 remaining is told alike on every route", everyRoute},
		{"6 a failed call is given back, as far as its limits allow, and a refused one is never spent", failedCall},
		{"7 the day is the plan's, not the server's", zone},
		{"8 a key's state survives restarts and another import", states},
		{"9 who asked for a key can be handed one, and secrets are in no log, no database and not on the wire", secrets},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Setenv("TZ", "Pacific/Kiritimati")
			row.run(t, moveIn(t))
		})
	}
}

// expect calls with a key and compares what remains; -1 stands for 429.
func (r *rig) expect(key, target string, remaining int) {
	r.t.Helper()
	got := r.call(key, target)
	if remaining < 0 {
		if got.Status != 429 {
			r.t.Errorf("%s: got %d %s, want 429", target, got.Status, got.Body)
		}
		return
	}
	if quota := fmt.Sprintf(`"quota":{"remaining":%d,"total":%s}`, remaining, dailyCall); got.Status != 200 || !strings.Contains(got.Body, quota) {
		r.t.Errorf("%s: got %d %s, want %s", target, got.Status, got.Body, quota)
	}
}

func firstCall(_ *testing.T, r *rig) {
	for _, remaining := range []int{2, 1, 0, -1} {
		r.expect(adaKey, "/ask?question=hi", remaining)
	}
}

func restarts(_ *testing.T, r *rig) {
	for _, remaining := range []int{2, 1, 0, -1} {
		r.expect(adaKey, "/ask?question=hi", remaining)
		r.Kill()
		r.Start()
		r.AwaitReady()
	}
}

func concurrent(t *testing.T, r *rig) {
	const callers = 24
	statuses := make(chan int, callers)
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			got, err := send(context.Background(), r.ProxyURL, "POST", "/ask?question=hi", adaKey, "")
			if err != nil {
				t.Error(err)
			}
			statuses <- got.Status
		})
	}
	group.Wait()
	close(statuses)
	counts := map[int]int{}
	for status := range statuses {
		counts[status]++
	}
	if _, asked := r.wire.seen(); counts[200] != 3 || counts[429] != callers-3 || asked != 3 {
		t.Errorf("statuses %v, and %d calls reached the app; want 3", counts, asked)
	}
}

func sameName(t *testing.T, r *rig) {
	r.expect(adaKey, "/ask?question=hi", 2)
	r.expect(adaKey, "/ask?question=hi", 1)
	r.expect(otherAda, "/ask?question=hi", 2)

	done := make(chan answer)
	go func() {
		got, err := send(context.Background(), r.ProxyURL, "POST", "/ask?question=wait", otherAda, "")
		if err != nil {
			t.Error(err)
		}
		done <- got
	}()
	<-r.wire.entered
	harness.CLI(t, r.db, "keys", "revoke", r.id("ada.other@example.com"), "--yes")
	close(r.wire.release)
	if got := <-done; got.Status != 200 || !strings.Contains(got.Body, `"user":"Ada","quota":{"remaining":1,`) {
		t.Errorf("a key that was removed during its call got %d %s", got.Status, got.Body)
	}
	if got := r.call(otherAda, "/ask?question=hi"); got.Status != 401 {
		t.Errorf("after it was removed: %d", got.Status)
	}
	r.expect(adaKey, "/ask?question=hi", 0)
}

func everyRoute(t *testing.T, r *rig) {
	r.expect(adaKey, "/ask?question=hi", 2)
	r.expect(adaKey, "/ask-llm?question=hi", 1)
	r.expect(adaKey, "/debug?code=x&context=y", 0)
	if got := call(t, r.ProxyURL, "POST", "/ask-llm-prompted", otherAda, `{"question":"hi"}`); !strings.Contains(got.Body, `"remaining":2`) {
		t.Errorf("/ask-llm-prompted: %s", got.Body)
	}
}

func failedCall(t *testing.T, r *rig) {
	for target, status := range map[string]int{"/ask": 422, "/ask?question=crash": 500, "/ask-llm-prompted": 400} {
		if got := r.call(adaKey, target); got.Status != status {
			t.Errorf("%s: %d, want %d", target, got.Status, status)
		}
	}
	if _, asked := r.wire.seen(); asked != 3 || r.used("ada@example.com") != 0 {
		t.Errorf("%d calls reached the app and %d were counted, want 3 and 0", asked, r.used("ada@example.com"))
	}
	r.expect(adaKey, "/ask?question=hi", 2)
	r.call(adaKey, "/ask") // the fourth that fails: of a limit of 3 no more than 3 are given back
	r.expect(adaKey, "/ask?question=hi", 0)
	r.expect(adaKey, "/ask?question=hi", -1)
	if _, asked := r.wire.seen(); asked != 6 || r.used("ada@example.com") != 3 {
		t.Errorf("%d calls reached the app and %d were counted, want 6 and 3", asked, r.used("ada@example.com"))
	}
}

func zone(t *testing.T, r *rig) {
	got := r.call(adaKey, "/ask?question=hi").header.Get("RateLimit")
	seconds := regexp.MustCompile(`;t=(\d+)`).FindStringSubmatch(got)
	if seconds == nil {
		t.Fatalf("RateLimit %q has no time", got)
	}
	// The plan's zone is one in which it is noon, which it isn't in Kiritimati
	// (but at 22 o'clock UTC).
	if left, err := strconv.Atoi(seconds[1]); err != nil || left < 10*3600 || left > 13*3600 {
		t.Errorf("the day ends in %s s; in the plan's zone it is noon", seconds[1])
	}
}

func states(t *testing.T, r *rig) {
	harness.CLI(t, r.db, "keys", "disable", r.id("ada@example.com"))
	for range 2 {
		r.Kill()
		r.Start()
		r.AwaitReady()
		for key, status := range map[string]int{adaKey: 401, bobKey: 401, eveKey: 401, mayKey: 401} {
			if got := r.call(key, "/ask?question=hi"); got.Status != status {
				t.Errorf("%s: %d, want %d", key, got.Status, status)
			}
		}
		if got := r.call(otherAda, "/ask?question=hi"); got.Status != 200 { // known to the table alone
			t.Errorf("key of the table: %d", got.Status)
		}
		appDB := filepath.Join(t.TempDir(), "app.db")
		startAlone(t, appDB)
		r.importKeys(appDB)
	}
}

// secrets also hands a key out to a person whose request the app has kept as
// pending: its old secret stays refused, the new one is shown once and works.
func secrets(t *testing.T, r *rig) {
	handed := harness.CreateKey(t, r.db, "--owner", "asked@example.com").Secret
	if got := r.call(handed, "/ask?question=hi"); got.Status != 200 {
		t.Errorf("a key that was handed out: %d %s", got.Status, got.Body)
	}
	if got := r.call(mayKey, "/ask?question=hi"); got.Status != 401 {
		t.Errorf("a key that was asked for and never handed out: %d", got.Status)
	}
	for _, key := range []string{adaKey, adminKey, envKey, bobKey} {
		r.call(key, "/ask?question=hi")
		r.call("", "/change-model?model=m&password=x&api_key="+key)
		call(t, r.ProxyURL, "GET", "/dashboard", key, "")
		r.call(key, "/ask?question=hi&api_key="+key) // a place where none is taken
	}
	r.Stop()
	spoken, asked := r.wire.seen()
	if asked == 0 {
		t.Error("nothing reached the app")
	}
	spoken += r.Log() + harness.CLI(t, r.db, "keys", "list", "-o", "json") + harness.CLI(t, r.db, "audit", "-o", "json")
	files, err := filepath.Glob(strings.TrimPrefix(r.db, "sqlite:") + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("files of the database: %v, %v", files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // a socket
		}
		spoken += string(content)
	}
	for _, key := range []string{adaKey, adminKey, envKey, bobKey, handed} {
		if at := strings.Index(spoken, key); at >= 0 {
			t.Errorf("the secret %s is in %q", key, spoken[max(0, at-80):at+len(key)])
		}
	}
}
