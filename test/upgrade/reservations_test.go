package upgrade_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/test/harness"
)

const (
	reservesOfTurn = 6
	held           = 10  // tokens of a reservation
	settledWith    = 4   // tokens, of one that is settled in its turn
	tokensOfDay    = 100 // which is less than all turns ask for
)

// reservations are those of one key. Each turn settles what the turn before left
// open, also of another build, makes new ones and leaves some of them open, one for
// ever.
type reservations struct {
	w      *walk
	key    harness.Key
	client http.Client
	open   []string // their ids

	kept    int64 // reservations that nobody ends
	settled int64 // tokens
	denied  int
}

func newReservations(w *walk) *reservations {
	key := w.former.CreateKey(w.t, w.db, "--plan", "daily", "--limit", fmt.Sprintf("%d tokens/day", tokensOfDay))
	return &reservations{w: w, key: key, client: http.Client{Timeout: 30 * time.Second}}
}

// turn makes reservations at once, and ends one after the other.
func (r *reservations) turn() {
	for n, id := range r.open {
		r.settle(n, id, held)
	}
	r.open = r.reserveAll()
	if len(r.open) < 4 {
		return
	}
	r.settle(0, r.open[0], settledWith)
	r.settle(1, r.open[1], settledWith)
	r.post(0, "/v1/reservations/"+r.open[2]+"/void", "{}", nil)
	r.kept++
	r.open = r.open[4:]
}

// reserveAll returns the ids of those that were made.
func (r *reservations) reserveAll() (made []string) {
	var running sync.WaitGroup
	var mu sync.Mutex
	for n := range reservesOfTurn {
		running.Go(func() {
			id := ration.NewReservationID().String()
			var answer api.ReserveResponse
			r.post(n, "/v1/reservations", fmt.Sprintf(`{"secret":%q,"id":%q,"amounts":{"tokens":%d},"ttl_seconds":86400}`, r.key.Secret, id, held), &answer)
			mu.Lock()
			defer mu.Unlock()
			if answer.Allowed {
				made = append(made, id)
			} else {
				r.denied++
			}
		})
	}
	running.Wait()
	return made
}

func (r *reservations) settle(n int, id string, tokens int64) {
	var answer api.Reservation
	r.post(n, "/v1/reservations/"+id+"/settle", fmt.Sprintf(`{"amounts":{"tokens":%d}}`, tokens), &answer)
	if units(answer.Settled["tokens"]) != tokens {
		r.w.t.Errorf("settled %+v, want %d tokens", answer, tokens)
	}
	r.settled += tokens
}

// post asks an instance; n chooses which.
func (r *reservations) post(n int, path, body string, answer any) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, r.w.fleet[n%len(r.w.fleet)].APIURL+path, bytes.NewBufferString(body))
	if err != nil {
		r.w.t.Error(err)
		return
	}
	request.Header.Set("Authorization", "Bearer "+r.w.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := r.client.Do(request)
	if err != nil {
		r.w.t.Error(err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		r.w.t.Errorf("%s: %d %s %v", path, response.StatusCode, text, err)
		return
	}
	if answer != nil {
		if err := json.Unmarshal(text, answer); err != nil {
			r.w.t.Error(err)
		}
	}
}

// judge checks that what was settled is used, and what is open is reserved.
func (r *reservations) judge() {
	r.w.t.Helper()
	for _, usage := range r.w.status(r.key).Usage {
		if usage.Meter != "tokens" {
			continue
		}
		r.w.t.Logf("%s tokens used, %s reserved, %d reservations denied", usage.Used, usage.Reserved, r.denied)
		open := r.kept + int64(len(r.open))
		if units(usage.Used) != r.settled || units(usage.Reserved) != held*open || open == 0 {
			r.w.t.Errorf("%s tokens are used and %s reserved; %d were settled and %d reservations are open", usage.Used, usage.Reserved, r.settled, open)
		}
		if units(usage.Used)+units(usage.Reserved) > tokensOfDay || r.denied == 0 {
			r.w.t.Errorf("%s tokens are used and %s reserved of a limit of %d, and %d reservations were denied", usage.Used, usage.Reserved, tokensOfDay, r.denied)
		}
		return
	}
	r.w.t.Error("no tokens are recorded")
}

// units reads a whole number of units; 0: it is none.
func units(number api.Number) int64 {
	n, _ := number.Int64()
	return n
}
