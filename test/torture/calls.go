package torture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/client"
)

// What a run has to have seen, besides its faults.
const (
	sawReplay     = "a charge that was sent again was charged once"
	sawSettlement = "a reservation was settled"
	sawRepetition = "a reservation was ended again"
	sawVoid       = "a reservation was voided"
	sawGiveBack   = "a failed call was given back"
	sawPeriod     = "a key was charged in two periods" // in runs of a minute or more
	sawAdmin      = "a key was changed under load"
	sawRevoke     = "a key was revoked under load"
)

// planned is what every run is to show, whatever happens to it.
var planned = []string{sawReplay, sawSettlement, sawRepetition, sawVoid, sawGiveBack, sawAdmin, sawRevoke}

// asked begins an operation with the key's present secret.
func (w *workload) asked(s *Subject, kind Kind, units int64, id string) (op Operation, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Operation{Kind: kind, Units: units, ID: id, Secret: s.version, Standing: -1, Called: time.Since(w.rig.start)}, s.secret
}

func amounts(units int64) map[string]api.Number {
	return map[string]api.Number{"requests": api.Number(strconv.FormatInt(units, 10))}
}

// charge charges a key through the verify API.
func (w *workload) charge(n *node, s *Subject, units int64, idempotencyKey string, patience time.Duration) Outcome {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	op, secret := w.asked(s, Charge, units, idempotencyKey)
	answer, err := n.verifier.Verify(ctx, api.VerifyRequest{Secret: secret, Amounts: amounts(units)}, idempotencyKey)
	w.answered(&op, &answer, err)
	if s.Class == Daily && op.Code == "quota_exceeded" && len(answer.Limits) == 1 { // there are no reservations
		op.Period = periodOf(answer.Limits[0].ResetsAt)
	}
	s.note(op)
	if op.Replayed {
		w.saw(sawReplay)
	}
	return op.Outcome
}

// answered takes in the answer to a charge or a reservation.
func (w *workload) answered(op *Operation, answer *api.VerifyResponse, err error) {
	op.Returned = time.Since(w.rig.start)
	switch {
	case err != nil:
		op.Outcome = w.outcomeOf(op, err)
		return
	case answer.Allowed:
		op.Outcome, op.Replayed = Done, answer.Replayed
	default:
		op.Outcome, op.Code = Denied, answer.Code
	}
	if len(answer.Limits) == 1 {
		limit := &answer.Limits[0]
		op.Limit, op.Standing = whole(limit.Limit), whole(limit.Used)+whole(limit.Reserved)
		if answer.Allowed { // a denial tells when there is more, which may be when a reservation expires
			op.Period = periodOf(limit.ResetsAt)
		}
	}
}

// reserve reserves units; nobody knows beforehand what becomes of them. They are held until
// the run has ended, whatever the clock does, or expire within it.
func (w *workload) reserve(n *node, s *Subject, units int64, random *rand.Rand) Outcome {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ttl, atExpiry := int64(ration.MaxReservationTTL/time.Second), "keep"
	expires := random.IntN(4) == 0
	if expires {
		ttl = 1 + random.Int64N(2)
	}
	if random.IntN(3) == 0 {
		atExpiry = "release"
	}
	op, secret := w.asked(s, Reserve, units, uuid.Must(uuid.NewV7()).String())
	op.Expires = expires
	answer, err := n.verifier.Reserve(ctx, api.ReserveRequest{
		VerifyRequest: api.VerifyRequest{Secret: secret, Amounts: amounts(units)}, ID: op.ID, TTLSeconds: &ttl, AtExpiry: atExpiry,
	}, "")
	w.answered(&op, &answer.VerifyResponse, err)
	s.note(op)
	if op.Outcome == Done || op.Outcome == Unknown {
		if atExpiry == "release" && expires {
			s.note(Operation{Kind: Expire, ID: op.ID, Called: op.Called, Outcome: Done, Standing: -1})
		}
		s.mu.Lock()
		s.open = append(s.open, held{op.ID, units})
		s.mu.Unlock()
	}
	return op.Outcome
}

// end ends a reservation, and sometimes once more.
func (w *workload) end(n *node, s *Subject, random *rand.Rand) Outcome {
	s.mu.Lock()
	if len(s.open) == 0 {
		s.mu.Unlock()
		return Done
	}
	i := random.IntN(len(s.open))
	h := s.open[i]
	if random.IntN(3) > 0 {
		s.open = append(s.open[:i], s.open[i+1:]...)
	}
	s.mu.Unlock()
	kind, units := Settle, random.Int64N(h.units+1)
	if random.IntN(4) == 0 {
		kind, units = Void, 0
	}
	outcome := w.endOnce(n, s, h, kind, units)
	if random.IntN(3) == 0 {
		n = w.rig.nodes[random.IntN(len(w.rig.nodes))]
		if w.endOnce(n, s, h, kind, units) == Done && outcome == Done {
			w.saw(sawRepetition)
		}
	}
	return outcome
}

func (w *workload) endOnce(n *node, s *Subject, h held, kind Kind, units int64) Outcome {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	op, _ := w.asked(s, kind, units, h.id)
	var err error
	if kind == Void {
		_, err = n.verifier.Void(ctx, h.id, api.VoidRequest{})
	} else {
		_, err = n.verifier.Settle(ctx, h.id, api.SettleRequest{Amounts: amounts(units)})
	}
	op.Returned = time.Since(w.rig.start)
	if op.Outcome = Done; err != nil {
		op.Outcome = w.outcomeOf(&op, err)
	}
	s.note(op)
	if op.Outcome == Done {
		w.saw(map[Kind]string{Settle: sawSettlement, Void: sawVoid}[kind])
	}
	return op.Outcome
}

// call calls the upstream through the proxy, which answers that all is well.
func (w *workload) call(n *node, s *Subject) Outcome {
	op, secret := w.asked(s, Call, 1, "")
	answer := w.get(n, "/", secret)
	op.Returned = time.Since(w.rig.start)
	w.proxyAnswered(&op, &answer)
	if answer.status == http.StatusOK && answer.body == "ok" {
		op.Outcome = Done
	}
	s.note(op)
	return op.Outcome
}

// prices are what the routes cost that the upstream fails.
var prices = []int64{2, 3, 5}

// slowCall is how long a call takes that is to be under way at midnight.
const slowCall = 500 * time.Millisecond

// mostSlow is how many of them a key gets: no order of many at once is found in time.
const mostSlow = 3

// isLate reports whether a slow call of a key with a limit for each day would be under way
// at midnight.
func (w *workload) isLate(s *Subject) bool {
	left := s.turn.at.Sub(w.rig.now())
	return s.Calendar && left > 0 && left < slowCall
}

// fail makes a call that the upstream fails, so that its charge is given back.
func (w *workload) fail(n *node, s *Subject, random *rand.Rand) Outcome {
	price := prices[random.IntN(len(prices))]
	op, secret := w.asked(s, Fail, price, uuid.NewString())
	path, took := fmt.Sprintf("/fail/%d", price), time.Duration(0)
	if w.isLate(s) && s.slow.Add(1) <= mostSlow { // it is given back on the next day
		took = slowCall
		path += "?wait=" + took.String()
	}
	answer := w.get(n, path, secret)
	op.Returned = time.Since(w.rig.start)
	w.proxyAnswered(&op, &answer)
	if answer.status == http.StatusServiceUnavailable && answer.body == "ok" {
		op.Outcome = Done
	}
	back := op
	back.Kind = GiveBack
	op.Standing, op.Limit = -1, 0 // they are those of the refund
	if op.Outcome != Done && op.Outcome != Unknown {
		s.note(op)
		return op.Outcome
	}
	if op.Outcome == Done { // the upstream took its time between the charge and its refund
		op.Returned -= took
		back.Called += took
	}
	s.note(op, back)
	if back.Outcome == Done && back.Standing >= 0 {
		w.saw(sawGiveBack)
	}
	return op.Outcome
}

// got is an answer of the proxy.
type got struct {
	err    error
	status int
	header http.Header
	body   string
}

func (w *workload) get(n *node, path, secret string) (answer got) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, n.ProxyURL+path, nil)
	if err != nil {
		return got{err: err}
	}
	request.Header.Set("X-API-Key", secret)
	response, err := w.http.Do(request)
	if err != nil {
		return got{err: err}
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return got{err, response.StatusCode, response.Header, string(body)}
}

// proxyAnswered takes in the proxy's answer.
func (w *workload) proxyAnswered(op *Operation, answer *got) {
	var problem api.Problem
	dial := (*net.OpError)(nil)
	switch {
	case errors.As(answer.err, &dial) && dial.Op == "dial":
		op.Outcome = Nothing
		return
	case answer.err != nil:
		op.Outcome = Unknown
		return
	case json.Unmarshal([]byte(answer.body), &problem) == nil:
		op.Code = problem.Code
	}
	switch op.Code {
	case "store_unavailable", "clock_suspect":
		op.Outcome, op.Code = Nothing, ""
	case "quota_exceeded", "cost_exceeds_limit", "key_revoked", "key_expired":
		op.Outcome = Denied
	default:
		op.Outcome = Unknown
	}
	number := func(name string) int64 {
		n, err := strconv.ParseInt(answer.header.Get("X-RateLimit-"+name), 10, 64)
		if err != nil {
			return -1
		}
		return n
	}
	op.Limit, op.Standing = max(0, number("Limit")), number("Used")
	if reset := number("Reset"); reset > 0 && op.Outcome != Denied {
		op.Period = roundPeriod(reset)
	}
}

// periodOf returns a period's end in Unix time; 0: never. Ends are whole minutes.
func periodOf(end *time.Time) int64 {
	if end == nil {
		return 0
	}
	return roundPeriod(end.Unix())
}

// roundPeriod rounds what an answer has computed from seconds that remain.
func roundPeriod(end int64) int64 { return (end + 30) / 60 * 60 }

// outcomeOf says what a failure means. An answer that nobody may get is a fault.
func (w *workload) outcomeOf(op *Operation, err error) Outcome {
	var refused *client.Error
	switch {
	case errors.Is(err, client.ErrUnavailable):
		return Nothing
	case errors.Is(err, client.ErrOutcomeUnknown), errors.Is(err, context.DeadlineExceeded):
		return Unknown
	case !errors.As(err, &refused):
	case refused.Code() == "clock_suspect":
		return Nothing
	case refused.Code() == "reservation_unknown", refused.Code() == "reservation_conflict", refused.Code() == "conflict":
		op.Code = refused.Code()
		return Denied
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, fmt.Errorf("%s: %w", op.Kind, err))
	return Unknown
}

func whole(n api.Number) int64 {
	units, err := n.Int64()
	if err != nil {
		return -1
	}
	return units
}
