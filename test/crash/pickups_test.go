package crash_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/harness"
)

const (
	killsOfLinks  = min(kills, 20)
	links         = 60 * killsOfLinks
	linksPerKill  = links / killsOfLinks / 2 // that were used between two kills
	usersPerLink  = 2
	linksAtOnce   = 12
	pickupTimeout = 5 * time.Second
)

func TestLinksAreUsedOnceThroughKillsOnSQLite(t *testing.T) {
	killDuringPickups(t, "sqlite:"+filepath.Join(t.TempDir(), "ration.db"), 1)
}

func TestLinksAreUsedOnceThroughKillsOnPostgreSQLWithTwoInstances(t *testing.T) {
	killDuringPickups(t, testdb.Postgres(t), 2)
}

// linkRig is a fleet on which links are used.
type linkRig struct {
	*testing.T
	fleet []*harness.Instance
	http  http.Client
	used  atomic.Int64 // links of which somebody was told that they are used up
}

// killDuringPickups uses each link several times at once, again and again until it is used
// up, while instances are killed.
func killDuringPickups(t *testing.T, db string, instances int) {
	harness.CLI(t, db, "migrate")
	token := client.Token(strings.TrimSpace(harness.CLI(t, db, "tokens", "create", "deploy", "--scope", "keys", "-q")))
	rig := &linkRig{T: t, http: http.Client{Timeout: pickupTimeout}}
	upstream, address := harness.NewUpstream(t), ""
	for range instances {
		address = harness.FreeAddr(t)
		instance := harness.NewInstance(t, db, upstream.URL, "--admin-listen", address)
		rig.fleet = append(rig.fleet, instance)
		instance.Start()
	}
	for _, instance := range rig.fleet {
		instance.AwaitReady()
	}
	admin, err := client.NewAdmin(client.Config{URL: "http://" + address, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	made := make([]api.IssuedSecret, links)
	for i := range made {
		if made[i], err = admin.CreateKey(t.Context(), api.NewKey{Name: fmt.Sprint("key ", i), Pickup: true}); err != nil {
			t.Fatal(err)
		}
	}

	secrets := make([][]string, links) // that were given out
	next, done := make(chan int), make(chan struct{})
	var users sync.WaitGroup
	for range linksAtOnce {
		users.Go(func() {
			for i := range next {
				secrets[i] = rig.use(made[i].Pickup.Code)
			}
		})
	}
	go func() {
		defer close(done)
		for i := range links {
			next <- i
		}
		close(next)
		users.Wait()
	}()
	rig.kill(done)

	lost := 0
	for i := range made {
		key, _, err := admin.ShowKey(t.Context(), made[i].Key.ID)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case len(key.Secrets) != 1:
			t.Errorf("key %d has %d secrets", i, len(key.Secrets))
		case len(secrets[i]) > 1:
			t.Errorf("%d have got a secret of key %d", len(secrets[i]), i)
		case len(secrets[i]) == 0:
			lost++
		case !strings.HasPrefix(secrets[i][0], key.Secrets[0].Start) || !strings.HasSuffix(secrets[i][0], key.Secrets[0].End):
			t.Errorf("the secret that was given out is not that of key %d", i)
		}
	}
	t.Logf("%d links, %d of which have lost their answer", links, lost)
	if lost > 2*killsOfLinks*linksAtOnce {
		t.Errorf("%d answers were lost", lost)
	}
	for _, instance := range rig.fleet {
		if code := instance.Stop(); code != 0 {
			t.Errorf("SIGTERM: exit code %d", code)
		}
	}
}

// use uses a link several times at once until it is used up, and returns the secrets that
// anybody got.
func (r *linkRig) use(code string) (secrets []string) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for range usersPerLink {
		all.Go(func() {
			for {
				status, secret := r.pickUp(code)
				if secret != "" {
					mu.Lock()
					secrets = append(secrets, secret)
					mu.Unlock()
				}
				if status == http.StatusOK || status == http.StatusGone {
					return
				}
				if r.Context().Err() != nil {
					return
				}
			}
		})
	}
	all.Wait()
	r.used.Add(1)
	return secrets
}

// pickUp uses a link once. A status of 0 is no answer.
func (r *linkRig) pickUp(code string) (status int, secret string) {
	body, err := json.Marshal(api.PickupCode{Code: code})
	if err != nil {
		r.Error(err)
		return http.StatusGone, ""
	}
	url := r.fleet[rand.IntN(len(r.fleet))].APIURL + "/v1/key-requests/pickup"
	request, err := http.NewRequestWithContext(r.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		r.Error(err)
		return http.StatusGone, ""
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := r.http.Do(request)
	if err != nil {
		time.Sleep(time.Millisecond) // the instance is down
		return 0, ""
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, ""
	}
	var picked api.PickedUp
	if response.StatusCode == http.StatusOK {
		if err := json.Unmarshal(text, &picked); err != nil || picked.Secret == "" {
			r.Errorf("picked up %q, %v", text, err)
		}
	}
	switch response.StatusCode {
	case http.StatusOK, http.StatusGone, http.StatusServiceUnavailable:
	default:
		r.Errorf("%d %s", response.StatusCode, text)
	}
	return response.StatusCode, picked.Secret
}

// kill kills instances while links are used.
func (r *linkRig) kill(done <-chan struct{}) {
	made := 0
	for {
		for before := r.used.Load(); r.used.Load()-before < linksPerKill; time.Sleep(time.Millisecond) {
			select {
			case <-done:
				if made < 2 {
					r.Errorf("the links were used after %d kills: this run proves little", made)
				}
				return
			default:
			}
		}
		victim := r.fleet[rand.IntN(len(r.fleet))]
		victim.Kill()
		victim.Start()
		victim.AwaitReady()
		made++
	}
}
