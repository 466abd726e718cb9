package sqladmin

import (
	"context"
	"fmt"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

const defaultRequestLimit = 1_000

// requestColumns are what [readRequest] reads, of a request r and its key k. The index
// pickup_links_key has the links of a key, which are few.
const requestColumns = `r.api_key_id, k.name, r.email, r.reason, r.from_address, r.asked_at, r.expires_at, r.decision, r.decided_at, r.decided_by, r.decision_reason,
	r.picked_up_at, k.owner, k.plan, k.status, (SELECT max(l.expires_at) FROM pickup_links l WHERE l.api_key_id = r.api_key_id AND l.picked_up_at IS NULL)`

const requestsAndKeys = " FROM key_requests r JOIN api_keys k ON k.id = r.api_key_id"

func readRequest(row Row, now time.Time) (request admin.KeyRequest) {
	request.KeyID, request.Name, request.Email, request.Reason, request.From = row.ID(), row.Text(), row.Text(), row.Text(), row.Text()
	request.AskedAt, request.ExpiresAt = row.Time(), row.Time()
	request.Decision, request.DecidedAt, request.DecidedBy, request.DecisionReason = admin.RequestState(row.Text()), row.Time(), row.Text(), row.Text()
	request.PickedUpAt, request.Owner, request.Plan = row.Time(), row.Text(), row.Text()
	request.State = admin.StateOfRequest(&request, ration.Status(row.Text()), now)
	request.PickupUntil = row.Time()
	return request
}

// KeyRequest implements admin.KeyRequests.
func (s *Store) KeyRequest(ctx context.Context, id ration.KeyID) (request admin.KeyRequest, err error) {
	err = s.db.Read(ctx, "reading a request for a key", func(ctx context.Context, r Reader) error {
		request, err = requestOf(ctx, r, id)
		return err
	})
	return request, err
}

// requestOf reads the request for a key by the primary keys.
func requestOf(ctx context.Context, r Reader, id ration.KeyID) (request admin.KeyRequest, err error) {
	now, err := r.Now(ctx)
	if err != nil {
		return request, err
	}
	found := false
	err = r.Query(ctx, "SELECT "+requestColumns+requestsAndKeys+" WHERE r.api_key_id = ?", func(row Row) { request, found = readRequest(row, now), true }, id)
	if err == nil && !found {
		err = fmt.Errorf("a request for key %s: %w", id, ration.ErrNotFound)
	}
	return request, err
}

// ListKeyRequests implements admin.KeyRequests. Without a state, the primary key is the
// order; with one, the index key_requests_decision.
func (s *Store) ListKeyRequests(ctx context.Context, filter admin.KeyRequestFilter, reach admin.Reach) (requests []admin.KeyRequest, err error) {
	by := order{[]string{"r.api_key_id"}, true}
	err = s.db.Read(ctx, "listing requests for keys", func(ctx context.Context, r Reader) error {
		requests = nil
		now, err := r.Now(ctx)
		if err != nil {
			return err
		}
		var where Where
		where.andRequestState(filter.State, now)
		where.andReach(reach)
		if !filter.After.IsZero() {
			where.after(by, filter.After)
		}
		if err := r.InOrder(ctx); err != nil {
			return err
		}
		return r.Query(ctx, "SELECT "+requestColumns+requestsAndKeys+where.SQL()+by.SQL()+" LIMIT ?",
			func(row Row) { requests = append(requests, readRequest(row, now)) }, where.With(LimitOr(filter.Limit, defaultRequestLimit))...)
	})
	return requests, err
}

// andRequestState adds what [admin.StateOfRequest] says, as a condition.
func (w *Where) andRequestState(state admin.RequestState, now time.Time) {
	const usable, unusable = "k.status NOT IN ('disabled', 'revoked')", "k.status IN ('disabled', 'revoked')"
	switch state {
	case "":
	case admin.RequestPending:
		w.And("r.decision = '' AND r.picked_up_at IS NULL AND r.expires_at > ? AND "+usable, now)
	case admin.RequestExpired:
		w.And("r.decision = '' AND r.picked_up_at IS NULL AND r.expires_at <= ? AND "+usable, now)
	case admin.RequestApproved:
		w.Always("r.decision = 'approved' AND r.picked_up_at IS NULL AND " + usable)
	case admin.RequestRejected:
		w.Always("r.decision = 'rejected' AND r.picked_up_at IS NULL")
	case admin.RequestPickedUp:
		w.Always("r.decision = 'approved' AND r.picked_up_at IS NOT NULL")
	case admin.RequestWithdrawn:
		w.Always("r.decision <> 'rejected' AND r.picked_up_at IS NULL AND " + unusable)
	default:
		w.Always("1 = 0")
	}
}

// andReach adds what [admin.Reach] says of requests, as a condition.
func (w *Where) andReach(reach admin.Reach) {
	if reach.IsAll() {
		return
	}
	var approved, others Where
	approved.Always("r.decision = 'approved'")
	others.Always("r.decision <> 'approved'")
	if len(reach.Owners) > 0 {
		approved.andOneOf("k.owner", reach.Owners)
		others.andOneOf("r.email", reach.Owners)
	}
	if len(reach.Plans) > 0 {
		approved.andOneOf("k.plan", reach.Plans)
	}
	w.And("("+approved.all()+" OR "+others.all()+")", append(approved.Args, others.Args...)...)
}

// asking implements admin.AskingReader within a transaction.
type asking struct {
	ctx context.Context //nolint:containedctx // that of the transaction, which it doesn't outlive
	tx  Tx
}

// Undecided implements admin.AskingReader, by the index key_requests_decision.
func (a asking) Undecided() (count int, err error) {
	if err := a.tx.LockRequests(a.ctx); err != nil {
		return 0, err
	}
	now, err := a.tx.Now(a.ctx)
	if err != nil {
		return 0, err
	}
	err = a.tx.Query(a.ctx, "SELECT count(*) FROM key_requests WHERE decision = '' AND expires_at > ?", func(row Row) { count = int(row.Int()) }, now)
	return count, err
}

// Request implements admin.AskingReader.
func (a asking) Request(id ration.KeyID) (admin.KeyRequest, error) { return requestOf(a.ctx, a.tx, id) }

// Link implements admin.AskingReader.
func (a asking) Link(code ration.Digest) (admin.PickupLink, error) { return linkOf(a.ctx, a.tx, code) }
