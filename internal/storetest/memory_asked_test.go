package storetest_test

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// memoryAsked is requests and links. Whoever reads or writes it has the lock of the keys.
type memoryAsked struct {
	requests map[ration.KeyID]admin.KeyRequest
	links    map[ration.Digest]admin.PickupLink
}

// asking implements admin.AskingReader, under the lock of the keys.
type asking struct{ *memory }

func (a asking) Undecided() (count int, err error) {
	for _, request := range a.asked.requests {
		if request.Decision == "" && a.time().Before(request.ExpiresAt) {
			count++
		}
	}
	return count, nil
}

func (a asking) Request(id ration.KeyID) (admin.KeyRequest, error) {
	request, found := a.asked.requests[id]
	if !found || a.fault == decidesOverAgain {
		return request, ration.ErrNotFound
	}
	return a.requestNow(request), nil
}

func (a asking) Link(code ration.Digest) (admin.PickupLink, error) {
	link, found := a.asked.links[code]
	if !found {
		return link, ration.ErrNotFound
	}
	return link, nil
}

// requestNow adds what follows from the key, the links and the time.
func (m *memory) requestNow(request admin.KeyRequest) admin.KeyRequest {
	key := m.keys[request.KeyID]
	request.Name, request.Owner, request.Plan, request.PickupUntil = key.Name, key.Owner, key.Plan, time.Time{}
	for _, link := range m.asked.links {
		if link.KeyID == request.KeyID && link.PickedUpAt.IsZero() && link.ExpiresAt.After(request.PickupUntil) {
			request.PickupUntil = link.ExpiresAt
		}
	}
	withdrawn := key.Status == ration.StatusDisabled || key.Status == ration.StatusRevoked
	switch {
	case !request.PickedUpAt.IsZero():
		request.State = admin.RequestPickedUp
	case withdrawn && request.Decision != admin.RequestRejected:
		request.State = admin.RequestWithdrawn
	case request.Decision != "":
		request.State = request.Decision
	case m.time().Before(request.ExpiresAt):
		request.State = admin.RequestPending
	default:
		request.State = admin.RequestExpired
	}
	return request
}

// writeAsked writes what a change of a key says of requests and links, or nothing of it.
func (m *memory) writeAsked(change *admin.KeyChange) error {
	asked, id := change.Asked, change.Key.ID
	if code := asked.PickedUp; code != nil {
		link := m.asked.links[*code]
		if !link.PickedUpAt.IsZero() && m.fault != usesPickupsAgain {
			return &admin.PickupError{State: admin.RequestPickedUp}
		}
		link.PickedUpAt = change.Now
		m.asked.links[*code] = link
		if request, found := m.asked.requests[id]; found && request.PickedUpAt.IsZero() {
			request.PickedUpAt = change.Now
			m.asked.requests[id] = request
		}
	}
	if asked.Request != nil {
		request := *asked.Request
		request.KeyID = id
		m.asked.requests[id] = request
	}
	if request, found := m.asked.requests[id]; found && asked.Decision != nil && (request.Decision == "" || m.fault == decidesOverAgain) {
		request.Decision, request.DecidedAt, request.DecidedBy, request.DecisionReason = asked.Decision.State, change.Now, asked.Decision.By, asked.Decision.Reason
		m.asked.requests[id] = request
	}
	if asked.Decision != nil && !asked.Decision.PickupUntil.IsZero() {
		for code, link := range m.asked.links {
			if link.KeyID == id && link.PickedUpAt.IsZero() {
				link.ExpiresAt = asked.Decision.PickupUntil
				m.asked.links[code] = link
			}
		}
	}
	if asked.Link != nil {
		m.asked.links[asked.Link.Code] = asked.Link.PickupLink
	}
	return nil
}

func (m *memory) KeyRequest(_ context.Context, id ration.KeyID) (admin.KeyRequest, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return asking{m}.Request(id)
}

func (m *memory) ListKeyRequests(_ context.Context, filter admin.KeyRequestFilter, reach admin.Reach) (requests []admin.KeyRequest, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	within := func(list []string, text string) bool {
		return len(list) == 0 || m.fault == forgetsWhoAsked || slices.Contains(list, text)
	}
	for _, request := range m.asked.requests {
		request = m.requestNow(request)
		has := within(reach.Owners, request.Email)
		if request.Decision == admin.RequestApproved {
			has = within(reach.Owners, request.Owner) && within(reach.Plans, request.Plan)
		}
		if has && (filter.State == "" || filter.State == request.State) && (filter.After.IsZero() || bytes.Compare(request.KeyID[:], filter.After[:]) < 0) {
			requests = append(requests, request)
		}
	}
	slices.SortFunc(requests, func(a, b admin.KeyRequest) int { return bytes.Compare(b.KeyID[:], a.KeyID[:]) })
	return atMost(requests, filter.Limit, 1000), nil
}

func (m *memory) PickupLink(_ context.Context, code ration.Digest) (found admin.FoundPickup, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if found.Link, err = (asking{m}).Link(code); err != nil {
		return found, err
	}
	found.Status, found.Now = m.keys[found.Link.KeyID].Status, m.time()
	if request, err := (asking{m}).Request(found.Link.KeyID); err == nil {
		found.Request = &request
	}
	return found, nil
}

func (m *memory) DeleteKeyRequests(_ context.Context, now time.Time) (deleted int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.time().Before(now) {
		now = m.time()
	}
	for id, request := range m.asked.requests {
		over := request.DecidedAt
		if request.Decision == "" {
			over = request.ExpiresAt
		}
		if request.Decision == admin.RequestApproved || !over.Add(admin.RequestRetention).Before(now) {
			continue
		}
		deleted++
		delete(m.asked.requests, id)
		m.deleteLinks(func(link admin.PickupLink) bool { return link.KeyID == id })
		if m.fault == deletesUsedKeys || admin.NeverUsed(m.keys[id], m.usage[id]) {
			delete(m.keys, id)
			delete(m.usage, id)
			m.deleteEvents(func(e admin.Event) bool { return e.KeyID == id })
		}
	}
	return deleted + m.deleteLinks(func(link admin.PickupLink) bool { return link.ExpiresAt.Add(admin.PickupRetention).Before(now) }), nil
}

func (m *memory) deleteLinks(which func(admin.PickupLink) bool) (deleted int) {
	for code, link := range m.asked.links {
		if which(link) {
			delete(m.asked.links, code)
			deleted++
		}
	}
	return deleted
}
