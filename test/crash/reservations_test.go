package crash_test

import (
	"bytes"
	"context"
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

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/harness"
)

const (
	perKillReserved = 40 // reservations ended between two kills, at least
	reservers       = 12
	heldTokens      = 100
	attempts        = 2000 // of one call, while instances are killed
)

func TestKillsBetweenReserveAndSettleOnSQLite(t *testing.T) {
	killBetweenReserveAndSettle(t, "sqlite:"+filepath.Join(t.TempDir(), "ration.db"), 1)
}

func TestKillsBetweenReserveAndSettleOnPostgreSQLWithThreeInstances(t *testing.T) {
	killBetweenReserveAndSettle(t, testdb.Postgres(t), 3)
}

// reserver reserves, settles and voids, and asks again until it knows.
type reserver struct {
	t      *testing.T
	fleet  []*harness.Instance
	token  string
	key    harness.Key
	client http.Client

	ended   atomic.Int64
	unknown atomic.Int64 // answers that never came
	grown   chan struct{}

	mu      sync.Mutex
	settled int64            // tokens, as told
	open    map[string]int64 // reservations that nobody ended, and what they hold
}

// killBetweenReserveAndSettle kills instances while clients reserve and settle.
// Afterwards what is open is what is reserved, what was settled is what is used,
// and the request log accounts for all of it.
func killBetweenReserveAndSettle(t *testing.T, db string, instances int) {
	upstream := harness.NewUpstream(t)
	harness.CLI(t, db, "migrate")
	token := strings.TrimSpace(harness.CLI(t, db, "tokens", "create", "crash", "--scope", "verify", "-q"))
	r := &reserver{
		t: t, token: token, key: harness.CreateKey(t, db), grown: make(chan struct{}, 1), open: make(map[string]int64),
		client: http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second},
	}
	for range instances {
		instance := harness.NewInstance(t, db, upstream.URL, "--request-log-days", "7")
		instance.Start()
		instance.AwaitReady()
		r.fleet = append(r.fleet, instance)
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for range reservers {
		running.Go(func() {
			for ctx.Err() == nil {
				r.reserveAndEnd()
			}
		})
	}
	for range kills {
		for target := r.ended.Load() + perKillReserved; r.ended.Load() < target; {
			<-r.grown
		}
		victim := r.fleet[rand.IntN(len(r.fleet))]
		victim.Kill()
		victim.Start()
		victim.AwaitReady()
	}
	stop()
	running.Wait()
	for _, instance := range r.fleet {
		if code := instance.Stop(); code != 0 {
			t.Errorf("SIGTERM: exit code %d", code)
		}
	}
	r.judge(db)
}

// reserveAndEnd makes a reservation and settles it, voids it or leaves it open.
func (r *reserver) reserveAndEnd() {
	id, used := ration.NewReservationID().String(), rand.Int64N(heldTokens+1)
	var made api.ReserveResponse
	body := fmt.Sprintf(`{"secret":%q,"id":%q,"amounts":{"tokens":%d},"ttl_seconds":86400}`, r.key.Secret, id, heldTokens)
	r.call("/v1/reservations", body, &made)
	if !made.Allowed || made.Reservation == nil {
		r.t.Errorf("reserving: %+v", made)
		return
	}
	var end api.Reservation
	switch rand.IntN(20) {
	case 0:
		r.mu.Lock()
		r.open[id] = heldTokens
		r.mu.Unlock()
		return
	case 1, 2, 3:
		r.call("/v1/reservations/"+id+"/void", `{}`, &end)
		used = 0
	default:
		r.call("/v1/reservations/"+id+"/settle", fmt.Sprintf(`{"amounts":{"tokens":%d}}`, used), &end)
		if units(end.Settled["tokens"]) != used {
			r.t.Errorf("settled %+v, want %d tokens", end, used)
		}
	}
	r.mu.Lock()
	r.settled += used
	r.mu.Unlock()
	r.ended.Add(1)
	select {
	case r.grown <- struct{}{}:
	default:
	}
}

// call sends the same request to one instance after another until one answers it:
// that is safe, for each has an id.
func (r *reserver) call(path, body string, answer any) {
	for range attempts {
		instance := r.fleet[rand.IntN(len(r.fleet))]
		request, err := http.NewRequestWithContext(context.WithoutCancel(r.t.Context()), http.MethodPost, instance.APIURL+path, bytes.NewBufferString(body))
		if err != nil {
			r.t.Error(err)
			return
		}
		request.Header.Set("Authorization", "Bearer "+r.token)
		request.Header.Set("Content-Type", "application/json")
		response, err := r.client.Do(request)
		if err != nil {
			r.unknown.Add(1)
			<-time.After(5 * time.Millisecond) // until the instance is there again
			continue
		}
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		switch {
		case err != nil, response.StatusCode == http.StatusServiceUnavailable:
			r.unknown.Add(1)
		case response.StatusCode != http.StatusOK:
			r.t.Errorf("%s: %d %s", path, response.StatusCode, text)
			return
		default:
			if err := json.Unmarshal(text, answer); err != nil {
				r.t.Error(err)
			}
			return
		}
	}
	r.t.Errorf("%s: no answer in %d attempts", path, attempts)
}

func (r *reserver) judge(db string) {
	r.t.Helper()
	var status api.KeyStatus
	if err := json.Unmarshal([]byte(harness.CLI(r.t, db, "keys", "show", r.key.ID, "-o", "json")), &status); err != nil {
		r.t.Fatal(err)
	}
	var explained api.Explanation
	if err := json.Unmarshal([]byte(harness.CLI(r.t, db, "explain", r.key.ID, "-o", "json")), &explained); err != nil {
		r.t.Fatal(err)
	}
	var held int64
	for _, reservation := range explained.Reservations {
		held += units(reservation.Held["tokens"])
		if r.open[reservation.ID] != heldTokens {
			r.t.Errorf("reservation %s is open, and was ended", reservation.ID)
		}
	}
	for _, usage := range status.Usage {
		if usage.Meter != "tokens" {
			continue
		}
		r.t.Logf("%d ended, %d calls without an answer, %d open; %s tokens used, %s reserved", r.ended.Load(), r.unknown.Load(), len(r.open), usage.Used, usage.Reserved)
		if units(usage.Reserved) != held || len(explained.Reservations) != len(r.open) {
			r.t.Errorf("%s tokens are reserved, and %d open reservations hold %d; want %d open", usage.Reserved, len(explained.Reservations), held, len(r.open))
		}
		if units(usage.Used) != r.settled {
			r.t.Errorf("%s tokens are used, and %d were settled", usage.Used, r.settled)
		}
	}
	if r.unknown.Load() == 0 {
		r.t.Error("no kill hit a call under way: this run proves nothing")
	}
	if text := harness.CLI(r.t, db, "reconcile"); !strings.HasPrefix(text, "All counts are the sums of their entries") {
		r.t.Errorf("reconcile says %q", text)
	}
}

// units reads a whole number of units; 0: it is none.
func units(number api.Number) int64 {
	n, _ := number.Int64()
	return n
}
