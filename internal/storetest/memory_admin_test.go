package storetest_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

var errNotStorable = errors.New("a charge that can't be stored")

// checkStorable refuses what a database's types and checks refuse.
func checkStorable(items []ration.Item) error {
	for _, item := range items {
		if item.Charge == nil {
			continue
		}
		for _, amount := range item.Charge.Amounts {
			if amount.Units < 0 || !utf8.ValidString(amount.Meter) || strings.Contains(amount.Meter, "\x00") {
				return errNotStorable
			}
		}
	}
	return nil
}

func (m *memory) createKeyOnce(ctx context.Context, create func(*admin.KeyChange) error) (admin.KeyRecord, error) {
	records, err := m.CreateKeys(ctx, 1, func(_ int, change *admin.KeyChange) error { return create(change) })
	if err != nil {
		return admin.KeyRecord{}, err
	}
	return records[0], nil
}

func (m *memory) createKeys(count int, create func(int, *admin.KeyChange) error) ([]admin.KeyRecord, error) {
	if err := admin.CheckKeysAtOnce(count); err != nil && m.fault != changesAnyNumber {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	audited, told, digests, keys := len(m.audit), len(m.events.all), maps.Clone(m.digests), maps.Clone(m.keys)
	records := make([]admin.KeyRecord, count)
	for i := range records {
		var err error
		if records[i], err = m.createKey(i, create); err != nil {
			if m.fault != keepsHalfAChunk {
				m.audit, m.events.all, m.digests, m.keys = m.audit[:audited], m.events.all[:told], digests, keys
			}
			return nil, err
		}
	}
	slices.SortFunc(records, func(a, b admin.KeyRecord) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return records, nil
}

func (m *memory) createKey(number int, create func(int, *admin.KeyChange) error) (admin.KeyRecord, error) {
	change := admin.KeyChange{Now: m.time(), Plans: m.plan, Units: m.unit, Asking: asking{m}}
	if err := create(number, &change); err != nil {
		return admin.KeyRecord{}, err
	}
	if m.keys[change.Key.ID] != nil {
		return admin.KeyRecord{}, ration.ErrExists
	}
	return m.writeKey(change)
}

func (m *memory) updateKeyOnce(ctx context.Context, id ration.KeyID, update func(*admin.KeyChange) error) (admin.KeyRecord, error) {
	records, err := m.UpdateKeys(ctx, []ration.KeyID{id}, update)
	if err != nil {
		return admin.KeyRecord{}, err
	}
	return records[0], nil
}

func (m *memory) updateKeys(ids []ration.KeyID, update func(*admin.KeyChange) error) ([]admin.KeyRecord, error) {
	if m.fault != changesAnyNumber {
		var err error
		if ids, err = admin.LockOrder(ids); err != nil {
			return nil, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	before := make(map[ration.KeyID]*admin.KeyRecord, len(ids))
	for _, id := range ids {
		if before[id] = m.keys[id]; before[id] == nil {
			return nil, ration.ErrNotFound
		}
	}
	audited, told, digests := len(m.audit), len(m.events.all), maps.Clone(m.digests)
	records := make([]admin.KeyRecord, len(ids))
	for i, id := range ids {
		var err error
		if records[i], err = m.updateKey(*m.keys[id], update); err != nil {
			if m.fault != keepsHalfAChunk {
				maps.Copy(m.keys, before)
				m.digests, m.events.all = digests, m.events.all[:told]
				if m.fault != logsWhatFailed {
					m.audit = m.audit[:audited]
				}
			}
			return nil, err
		}
	}
	return records, nil
}

func (m *memory) updateKey(record admin.KeyRecord, update func(*admin.KeyChange) error) (admin.KeyRecord, error) {
	change := admin.KeyChange{Now: m.time(), Key: copyRecord(record), Plans: m.plan, Units: m.unit, Asking: asking{m}}
	switch err := update(&change); {
	case errors.Is(err, admin.ErrUnchanged) && m.fault != writesWhatIsUnchanged:
		return copyRecord(record), nil
	case err != nil && !errors.Is(err, admin.ErrUnchanged):
		if m.fault == logsWhatFailed {
			m.log(change.Audit)
		}
		return admin.KeyRecord{}, err
	}
	if m.fault == changesTheWholePlan {
		for _, other := range m.keys {
			if other.Plan == record.Plan {
				other.Status = change.Key.Status
			}
		}
	}
	return m.writeKey(change)
}

func (m *memory) writeKey(change admin.KeyChange) (admin.KeyRecord, error) {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	for _, name := range []string{change.Key.Plan, change.Key.NextPlan} {
		if _, ok := m.plans[name]; !ok && name != "" {
			return admin.KeyRecord{}, ration.ErrNotFound
		}
	}
	for _, secret := range change.NewSecrets {
		if _, taken := m.digests[secret.Digest]; taken && m.fault != handsDigestsOn {
			return admin.KeyRecord{}, ration.ErrExists
		}
	}
	if err := m.writeAsked(&change); err != nil {
		return admin.KeyRecord{}, err
	}
	m.tellChange(&change)
	record := copyRecord(change.Key)
	if m.fault == roundsTimes {
		record.ExpiresAt = record.ExpiresAt.Truncate(time.Second)
	}
	if m.fault == buriesLimits {
		record.Overrides, _ = admin.LayersOf(record.Overrides)
	}
	for _, secret := range change.NewSecrets {
		m.digests[secret.Digest] = ration.SecretRef{KeyID: record.ID, SecretID: secret.ID}
		record.Secrets = append(record.Secrets, secret.SecretState)
	}
	if m.keys[record.ID] == nil {
		m.usage[record.ID] = ledger.Usage{{Meter: ration.MeterRequests}}
	}
	m.keys[record.ID] = &record
	m.log(change.Audit)
	return copyRecord(record), nil
}

func copyRecord(record admin.KeyRecord) admin.KeyRecord {
	record.Scopes = slices.Clone(record.Scopes)
	record.AllowedIPs = slices.Clone(record.AllowedIPs)
	record.Metadata = maps.Clone(record.Metadata)
	record.Secrets = slices.Clone(record.Secrets)
	record.Overrides = slices.Clone(record.Overrides)
	return record
}

func (m *memory) log(entry admin.AuditEntry) {
	if entry.ID == uuid.Nil {
		entry.ID = uuid.Must(uuid.NewV7())
	}
	entry.At = m.time()
	if m.fault == forgetsOrigins {
		entry.From, entry.TokenID = "", uuid.Nil
	}
	m.audit = append(m.audit, entry)
}

func (m *memory) plan(name string) (ration.Plan, error) { return m.Plan(context.Background(), name) }

func (m *memory) NamesOfKeys(_ context.Context, ids []ration.KeyID) (map[ration.KeyID]string, error) {
	if len(ids) > admin.MaxKeysAtOnce {
		_, err := admin.LockOrder(ids)
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	names := make(map[ration.KeyID]string)
	for _, id := range ids {
		if key := m.keys[id]; key != nil {
			names[id] = key.Name
		}
	}
	return names, nil
}

func (m *memory) KeysByID(_ context.Context, ids []ration.KeyID) ([]admin.KeyRecord, error) {
	ids, err := admin.LockOrder(ids)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	records := make([]admin.KeyRecord, len(ids))
	for i, id := range ids {
		if m.keys[id] == nil {
			return nil, ration.ErrNotFound
		}
		records[i] = copyRecord(*m.keys[id])
	}
	return records, nil
}

func (m *memory) Key(_ context.Context, id ration.KeyID) (admin.KeyRecord, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if record := m.keys[id]; record != nil {
		return copyRecord(*record), nil
	}
	return admin.KeyRecord{}, ration.ErrNotFound
}

// ListKeys looks at all keys.
func (m *memory) ListKeys(_ context.Context, filter admin.KeyFilter) (admin.FoundKeys, error) {
	records := m.selected(&filter)
	if filter.Unlimited != "" {
		m.plansMu.Lock()
		records = slices.DeleteFunc(records, func(key admin.KeyRecord) bool {
			return key.Status == ration.StatusRevoked || key.Status == ration.StatusRejected || m.isHeld(&key)
		})
		m.plansMu.Unlock()
	}
	compare := func(a, b admin.KeyPosition) int {
		if filter.Descending {
			a, b = b, a
		}
		return cmp.Or(strings.Compare(a.Text, b.Text), compareIDs(a.ID, b.ID))
	}
	slices.SortFunc(records, func(a, b admin.KeyRecord) int { return compare(filter.Position(&a.Key), filter.Position(&b.Key)) })
	if after := filter.After; !after.IsZero() {
		records = slices.DeleteFunc(records, func(k admin.KeyRecord) bool { return compare(filter.Position(&k.Key), after) <= 0 })
	}
	found := admin.FoundKeys{Now: m.time()}
	if found.Keys = atMost(records, filter.Limit, 1000); len(found.Keys) < len(records) {
		found.Next = filter.Position(&found.Keys[len(found.Keys)-1].Key)
	}
	return found, nil
}

func (m *memory) selected(filter *admin.KeyFilter) (records []admin.KeyRecord) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, record := range m.keys {
		if isListed(filter, record) {
			records = append(records, copyRecord(*record))
		}
	}
	return records
}

func isListed(filter *admin.KeyFilter, record *admin.KeyRecord) bool {
	starts := func(search *admin.KeySearch) bool {
		return slices.ContainsFunc(record.Secrets, func(s ration.SecretState) bool { return search.FindsSecret(s.Start, s.End) })
	}
	if filter.Search != "" {
		if search := admin.NewKeySearch(filter.Search); !search.FindsKey(&record.Key) && !starts(search) {
			return false
		}
	}
	if filter.SecretStart != "" && !starts(&admin.KeySearch{Start: filter.SecretStart}) {
		return false
	}
	return matches(filter.Owner, record.Owner) && matches(filter.Plan, record.Plan) &&
		isOneOf(filter.Owners, record.Owner) && isOneOf(filter.Plans, record.Plan) && matches(filter.Name, record.Name) && matches(filter.Status, record.Status)
}

func (m *memory) WriteKeyWords(context.Context) (int, error) { return 0, nil }

func (m *memory) CursorKey(context.Context) ([]byte, error) { return make([]byte, 32), nil }

func (m *memory) CountKeys(_ context.Context, most int) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return min(len(m.keys), most), nil
}

// isHeld reports whether a key has a limit now and from each end of a temporary one on.
func (m *memory) isHeld(key *admin.KeyRecord) bool {
	terms, err := ledger.NewTerms(&key.Key, ledger.Plans{Now: m.plans[key.Plan], Next: m.plans[key.NextPlan]}, key.Overrides)
	if err != nil {
		return false
	}
	for at := m.time(); !at.IsZero(); at = terms.NextChange(at) {
		if len(terms.LimitsAt(at)) == 0 {
			return false
		}
	}
	return true
}

func matches[T comparable](want, got T) bool {
	var zero T
	return want == zero || want == got
}

func isOneOf(texts []string, text string) bool { return texts == nil || slices.Contains(texts, text) }

func compareIDs(a, b ration.KeyID) int { return bytes.Compare(a[:], b[:]) }

func atMost[T any](rows []T, limit, standard int) []T {
	if limit == 0 {
		limit = standard
	}
	return rows[:min(limit, len(rows))]
}

func (m *memory) createToken(_ context.Context, token admin.Token, digest ration.Digest, audit admin.AuditEntry) (admin.Token, error) {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	if m.liveToken(token.Name) >= 0 {
		return admin.Token{}, ration.ErrExists
	}
	token.CreatedAt = m.time()
	token.Scopes, token.Owners, token.Plans = slices.Clone(token.Scopes), slices.Clone(token.Owners), slices.Clone(token.Plans)
	m.tokens = append(m.tokens, memoryToken{token, digest})
	m.log(audit)
	return token, nil
}

func (m *memory) CreateFirstToken(ctx context.Context, token admin.Token, digest ration.Digest, audit admin.AuditEntry) (bool, error) {
	if tokens, err := m.ListTokens(ctx, admin.TokenFilter{}); err != nil || admin.HasAdmin(tokens) {
		return false, err
	}
	_, err := m.createToken(ctx, token, digest, audit)
	return err == nil, err
}

func (m *memory) RevokeToken(_ context.Context, name string, audit admin.AuditEntry) (admin.Token, error) {
	m.jobsMu.Lock()
	defer m.jobsMu.Unlock()
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	i := m.liveToken(name)
	if i < 0 {
		return admin.Token{}, ration.ErrNotFound
	}
	m.tokens[i].RevokedAt = m.time()
	m.cancelJobsOf(m.tokens[i].ID)
	m.log(audit)
	return m.tokens[i].Token, nil
}

func (m *memory) liveToken(name string) int {
	return slices.IndexFunc(m.tokens, func(t memoryToken) bool { return t.Name == name && t.RevokedAt.IsZero() })
}

func (m *memory) TokensByDigest(_ context.Context, digests []ration.Digest) ([]admin.Token, time.Time, error) {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	tokens := make([]admin.Token, len(digests))
	for i, digest := range digests {
		for _, token := range m.tokens {
			if token.digest == digest {
				tokens[i] = token.Token
			}
		}
	}
	return tokens, m.time(), nil
}

// tokensOf reads the tokens that items name.
func (m *memory) tokensOf(items []ration.Item, now time.Time) ledger.Tokens {
	tokens := ledger.TokensOf(items)
	if len(tokens.Digests()) == 0 {
		return tokens // without a lock that somebody may hold until this batch is seen to wait for another
	}
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	for _, token := range m.tokens {
		if slices.Contains(tokens.Digests(), token.digest) {
			if m.fault == remembersTokens && m.valid[token.digest] {
				token.RevokedAt = time.Time{}
			}
			tokens.Take(token.digest, token.ExpiresAt, token.RevokedAt, now)
			m.valid[token.digest] = token.RevokedAt.IsZero()
		}
	}
	return tokens
}

func (m *memory) NoteTokenUse(_ context.Context, ids []uuid.UUID, at time.Time) error {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	for i := range m.tokens {
		token := &m.tokens[i]
		since := at.Sub(token.LastUsedAt)
		if slices.Contains(ids, token.ID) && (since < 0 || since >= admin.TokenUseInterval || m.fault == notesEachUse) {
			token.LastUsedAt = at
		}
	}
	return nil
}
