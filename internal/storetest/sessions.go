package storetest

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var sessionTests = []contractTest{
	{"a session comes back as it was begun", testSessionRoundTrip},
	{"sessions are found by digest, in order, with their tokens as they are now", testSessionsByDigest},
	{"a session that is not begun leaves nothing", testSessionNotBegun},
	{"whoever begins a session sees those that nobody has ended, and ends some", testSessionsOpen},
	{"sessions are listed, the newest first, if they are not over", testListSessions},
	{"a session is ended once", testEndSession},
	{"the links of whose session is ended end with it", testEndSessionWithLinks},
	{"a session is noted as seen at most once a minute", testSessionSeen},
	{"a login link comes back as it was stored", testLoginLinkRoundTrip},
	{"a login link begins one session, at whatever instance", testLoginLinkOnce},
	{"a login link that is not valid begins none", testLoginLinkInvalid},
}

// newDigest is that of a secret that nobody else has.
func newDigest() ration.Digest { return ration.NewSecret(ration.DefaultSecretPrefix).Digest(nil) }

// begin begins a session and returns it as it should be stored, and its digest.
func (f *fixture) begin(configure func(*admin.Session)) (admin.Session, ration.Digest) {
	f.Helper()
	session := admin.Session{ID: uuid.Must(uuid.NewV7()), Name: "anna", Actor: "user:anna", Method: admin.LoginByLink, Scopes: []string{"read"}}
	configure(&session)
	digest := newDigest()
	record, err := f.Store.BeginSession(f.Context(), ration.Digest{}, func(begin *admin.SessionBegin) error {
		begin.Session, begin.Digest = session, digest
		begin.Audit = []admin.AuditEntry{entry("session.begin", "session:"+session.ID.String())}
		return nil
	})
	if err != nil {
		f.Fatalf("beginning a session: %v", err)
	}
	session.CreatedAt, session.SeenAt, session.ExpiresAt = f.now, f.now, f.now.Add(7*24*time.Hour)
	f.want("session as begun", session, record.Session)
	return session, digest
}

// sessions lists those of some sessions that the store lists, in its order.
func (f *fixture) sessions(filter admin.SessionFilter, of ...admin.Session) (listed []admin.Session) {
	f.Helper()
	records, now, err := f.Store.ListSessions(f.Context(), filter)
	if err != nil {
		f.Fatalf("listing sessions: %v", err)
	}
	f.want("the store's time", f.now, now.UTC())
	for _, record := range records {
		if slices.ContainsFunc(of, func(s admin.Session) bool { return s.ID == record.ID }) {
			listed = append(listed, record.Session)
		}
	}
	return listed
}

func testSessionRoundTrip(f *fixture) {
	token, _ := f.token(uniqueName(), func(*admin.Token) {})
	for _, configure := range []func(*admin.Session){
		func(*admin.Session) {},
		func(s *admin.Session) {
			s.Name, s.Actor, s.Method, s.TokenID = `a'b%_\"ß😀`, `token:a'b%_\"ß😀`, admin.LoginByToken, token.ID
			s.Scopes, s.Owners, s.Plans = []string{"keys", "read"}, []string{`o'neil "&" sons, 株式会社`}, []string{"free", "pro"}
			s.From, s.UserAgent = "2001:db8::1", `Mozilla/5.0 ("X11"; Linux 'x86') 😀`
		},
	} {
		session, _ := f.begin(configure)
		f.want("session as listed", []admin.Session{session}, f.sessions(admin.SessionFilter{}, session))
		f.want("entries", 1, len(f.audit(admin.AuditFilter{Target: "session:" + session.ID.String()})))
	}
}

func testSessionsByDigest(f *fixture) {
	token, _ := f.token(uniqueName(), func(t *admin.Token) { t.ExpiresAt = noon.Add(time.Hour) })
	of, digestOf := f.begin(func(s *admin.Session) { s.TokenID = token.ID })
	free, digestFree := f.begin(func(*admin.Session) {})
	f.advance(time.Minute)
	digests := []ration.Digest{digestFree, newDigest(), digestOf, digestFree}
	for range 2 {
		records, now, err := f.Store.SessionsByDigest(f.Context(), digests)
		f.wantError(err, nil)
		f.want("the store's time", f.now, now.UTC())
		f.want("sessions", []admin.SessionRecord{{Session: free}, {}, {Session: of, Token: token}, {Session: free}}, records)
		if token.RevokedAt.IsZero() {
			revoked, err := f.Store.RevokeToken(f.Context(), token.Name, entry("token.revoke", "token:"+token.Name))
			f.wantError(err, nil)
			token = revoked
		}
	}
	records, now, err := f.Store.SessionsByDigest(f.Context(), nil)
	f.wantError(err, nil)
	f.want("without digests", 0, len(records))
	f.want("the store's time", f.now, now.UTC())
}

func testSessionNotBegun(f *fixture) {
	refused, digest, id := errors.New("refused"), newDigest(), uuid.Must(uuid.NewV7())
	_, err := f.Store.BeginSession(f.Context(), ration.Digest{}, func(begin *admin.SessionBegin) error {
		begin.Session, begin.Digest = admin.Session{ID: id, Name: "a", Actor: "user:a", Scopes: []string{"read"}}, digest
		begin.Audit = []admin.AuditEntry{entry("session.begin", "session:"+id.String())}
		return refused
	})
	f.wantError(err, refused)
	f.want("sessions", []admin.Session(nil), f.sessions(admin.SessionFilter{Over: true}, admin.Session{ID: id}))
	f.want("entries", 0, len(f.audit(admin.AuditFilter{Target: "session:" + id.String()})))
}

func testSessionsOpen(f *fixture) {
	var all []admin.Session
	for range 3 {
		session, _ := f.begin(func(*admin.Session) {})
		all = append(all, session)
		f.advance(time.Second)
	}
	ended, _, err := f.Store.EndSession(f.Context(), all[2].ID, false, entry("session.end", "test"))
	f.wantError(err, nil)
	all[2].EndedAt = ended.EndedAt
	f.advance(time.Hour)
	if err := f.Store.NoteSessionsSeen(f.Context(), []uuid.UUID{all[0].ID}, f.now); err != nil {
		f.Fatal(err)
	}
	all[0].SeenAt = f.now
	at := f.now.Add(-time.Minute)
	_, err = f.Store.BeginSession(f.Context(), ration.Digest{}, func(begin *admin.SessionBegin) error {
		f.want("the store's time", f.now, begin.Now.UTC())
		f.want("link", admin.LoginLink{}, begin.Link)
		var open []admin.Session
		for _, record := range begin.Open {
			if slices.ContainsFunc(all, func(s admin.Session) bool { return s.ID == record.ID }) {
				open = append(open, record.Session)
			}
		}
		f.want("open sessions, seen longest ago first", []admin.Session{all[1], all[0]}, open)
		begin.Session = admin.Session{ID: uuid.Must(uuid.NewV7()), Name: "a", Actor: "user:a", Scopes: []string{"read"}}
		begin.Digest, begin.End = newDigest(), map[uuid.UUID]time.Time{all[0].ID: at}
		return nil
	})
	f.wantError(err, nil)
	all[0].EndedAt = at
	f.want("sessions", []admin.Session{all[2], all[1], all[0]}, f.sessions(admin.SessionFilter{Over: true}, all...))
}

func testListSessions(f *fixture) {
	expiring, _ := f.token(uniqueName(), func(t *admin.Token) { t.ExpiresAt = noon.Add(2 * time.Hour) })
	revoked, _ := f.token(uniqueName(), func(*admin.Token) {})
	free, _ := f.begin(func(*admin.Session) {})
	gone, _ := f.begin(func(s *admin.Session) { s.TokenID = uuid.Must(uuid.NewV7()) }) // of a token that nobody knows
	first, _ := f.begin(func(s *admin.Session) { s.TokenID = expiring.ID })
	second, _ := f.begin(func(s *admin.Session) { s.TokenID = revoked.ID })
	ended, _ := f.begin(func(*admin.Session) {})
	all := []admin.Session{ended, second, first, gone, free}
	over := admin.SessionFilter{Over: true}
	f.want("all", all, f.sessions(over, all...))
	f.want("those that are not over", []admin.Session{ended, second, first, free}, f.sessions(admin.SessionFilter{}, all...))
	f.want("a page", []admin.Session{second, first}, f.sessions(admin.SessionFilter{Over: true, After: ended.ID, Limit: 2}, all...))

	if _, err := f.Store.RevokeToken(f.Context(), revoked.Name, entry("token.revoke", "test")); err != nil {
		f.Fatal(err)
	}
	f.want("after a revocation", []admin.Session{ended, first, free}, f.sessions(admin.SessionFilter{}, all...))
	if _, _, err := f.Store.EndSession(f.Context(), ended.ID, false, entry("session.end", "test")); err != nil {
		f.Fatal(err)
	}
	f.want("after an end", []admin.Session{first, free}, f.sessions(admin.SessionFilter{}, all...))
	for _, row := range []struct {
		at   time.Duration
		want []admin.Session
	}{
		{2*time.Hour - time.Microsecond, []admin.Session{first, free}},
		{2 * time.Hour, []admin.Session{free}},
		{12*time.Hour - time.Microsecond, []admin.Session{free}},
		{12 * time.Hour, nil},
	} {
		f.setNow(noon.Add(row.at))
		f.want("after "+row.at.String(), row.want, f.sessions(admin.SessionFilter{}, all...))
	}
	for _, at := range []time.Duration{6 * time.Hour, 7*24*time.Hour - time.Minute} {
		if err := f.Store.NoteSessionsSeen(f.Context(), []uuid.UUID{free.ID}, noon.Add(at)); err != nil {
			f.Fatal(err)
		}
		free.SeenAt = noon.Add(at)
	}
	f.setNow(noon.Add(7*24*time.Hour - time.Microsecond))
	f.want("just before its expiry", []admin.Session{free}, f.sessions(admin.SessionFilter{}, all...))
	f.setNow(noon.Add(7 * 24 * time.Hour))
	f.want("at its expiry", []admin.Session(nil), f.sessions(admin.SessionFilter{}, all...))
}

func testEndSession(f *fixture) {
	session, digest := f.begin(func(*admin.Session) {})
	f.advance(time.Minute)
	session.EndedAt = f.now
	audit := entry("session.end", "session:"+session.ID.String())
	for range 2 {
		record, now, err := f.Store.EndSession(f.Context(), session.ID, false, audit)
		f.wantError(err, nil)
		f.want("session as ended", session, record.Session)
		f.want("the store's time", f.now, now.UTC())
		f.advance(time.Minute)
	}
	if err := f.Store.NoteSessionsSeen(f.Context(), []uuid.UUID{session.ID}, f.now); err != nil {
		f.Fatal(err)
	}
	records, _, err := f.Store.SessionsByDigest(f.Context(), []ration.Digest{digest})
	f.wantError(err, nil)
	f.want("an ended session by its digest", []admin.SessionRecord{{Session: session}}, records)
	f.want("entries", 1, len(f.audit(admin.AuditFilter{Target: audit.Target, Action: "session.end"})))
	_, _, err = f.Store.EndSession(f.Context(), uuid.Must(uuid.NewV7()), true, audit)
	f.wantError(err, ration.ErrNotFound)
}

// testEndSessionWithLinks ends a session that was ended before, too: whoever was thrown out
// has perhaps logged out first.
func testEndSessionWithLinks(f *fixture) {
	session, _ := f.begin(func(s *admin.Session) { s.Actor = "user:mallory" })
	_, own := f.link(time.Hour, func(l *admin.LoginLink) { l.CreatedBy = session.Actor })
	_, others := f.link(time.Hour, func(l *admin.LoginLink) { l.CreatedBy = "user:mallory2" })
	_, kept := f.link(time.Hour, func(l *admin.LoginLink) { l.CreatedBy = session.Actor })
	audit := entry("session.end", "session:"+session.ID.String())
	if _, _, err := f.Store.EndSession(f.Context(), session.ID, false, audit); err != nil {
		f.Fatal(err)
	}
	_, err := f.follow(f.Store, kept)
	f.wantError(err, nil)
	record, _, err := f.Store.EndSession(f.Context(), session.ID, true, audit)
	f.wantError(err, nil)
	f.want("end", f.now, record.EndedAt)
	_, err = f.follow(f.Store, own)
	f.wantError(err, admin.ErrLoginLinkInvalid)
	_, err = f.follow(f.Store, others)
	f.wantError(err, nil)
	f.want("entries", 1, len(f.audit(admin.AuditFilter{Target: audit.Target, Action: "session.end"})))
}

func testSessionSeen(f *fixture) {
	seen, _ := f.begin(func(*admin.Session) {})
	other, _ := f.begin(func(*admin.Session) {})
	start := f.now
	for _, row := range []struct {
		name  string
		after time.Duration // since the start
		want  time.Duration
	}{
		{"in the minute of its beginning", admin.TokenUseInterval - time.Microsecond, 0},
		{"a minute later", admin.TokenUseInterval, admin.TokenUseInterval},
		{"before it, by a clock that was set back", time.Second, time.Second},
	} {
		if err := f.Store.NoteSessionsSeen(f.Context(), []uuid.UUID{seen.ID, uuid.Must(uuid.NewV7())}, start.Add(row.after)); err != nil {
			f.Fatalf("%s: %v", row.name, err)
		}
		seen.SeenAt = start.Add(row.want)
		f.want(row.name, []admin.Session{other, seen}, f.sessions(admin.SessionFilter{}, seen, other))
	}
	f.wantError(f.Store.NoteSessionsSeen(f.Context(), nil, start), nil)
}

// link creates a login link and returns it as it should be stored, and its digest.
func (f *fixture) link(valid time.Duration, configure func(*admin.LoginLink)) (admin.LoginLink, ration.Digest) {
	f.Helper()
	link := admin.LoginLink{ID: uuid.Must(uuid.NewV7()), For: "anna", Scopes: []string{"admin"}, CreatedBy: "cli:root"}
	configure(&link)
	digest := newDigest()
	created, err := f.Store.CreateLoginLink(f.Context(), link, digest, valid, entry("login_link.create", "login_link:"+link.ID.String()))
	if err != nil {
		f.Fatalf("creating a login link: %v", err)
	}
	link.CreatedAt, link.ExpiresAt = f.now, f.now.Add(valid)
	f.want("link as created", link, created)
	f.want("entries", 1, len(f.audit(admin.AuditFilter{Target: "login_link:" + link.ID.String()})))
	return link, digest
}

// follow begins a session with a login link, and returns what the transaction saw.
func (f *fixture) follow(store Store, digest ration.Digest) (begun admin.SessionBegin, err error) {
	_, err = store.BeginSession(f.Context(), digest, func(begin *admin.SessionBegin) error {
		begun = *begin
		begin.Session = admin.Session{ID: uuid.Must(uuid.NewV7()), Name: begin.Link.For, Actor: "user:" + begin.Link.For, Scopes: begin.Link.Scopes}
		begin.Digest = newDigest()
		return nil
	})
	return begun, err
}

func testLoginLinkRoundTrip(f *fixture) {
	token, _ := f.token(uniqueName(), func(*admin.Token) {})
	for _, configure := range []func(*admin.LoginLink){
		func(*admin.LoginLink) {},
		func(l *admin.LoginLink) {
			l.For, l.Scopes, l.Owners, l.Plans = `a'b%_\"ß😀`, []string{"read", "keys"}, []string{`o'neil "&" sons`}, []string{"free"}
			l.CreatedBy, l.TokenID = "token:"+token.Name, token.ID
		},
		func(l *admin.LoginLink) { l.TokenID = uuid.Must(uuid.NewV7()) },
	} {
		link, digest := f.link(time.Hour, configure)
		f.advance(time.Minute)
		begun, err := f.follow(f.Store, digest)
		f.wantError(err, nil)
		link.UsedAt = f.now
		f.want("link as used", link, begun.Link)
		want := admin.Token{}
		if link.TokenID == token.ID {
			want = token
		}
		f.want("token of the link", want, begun.LinkToken)
	}
}

func testLoginLinkOnce(f *fixture) {
	stores := f.instances(3)
	_, digest := f.link(time.Hour, func(*admin.LoginLink) {})
	errs := make(chan error, 9)
	var group sync.WaitGroup
	for i := range cap(errs) {
		group.Go(func() {
			_, err := f.follow(stores[i%len(stores)], digest)
			errs <- err
		})
	}
	group.Wait()
	close(errs)
	begun := 0
	for err := range errs {
		if err == nil {
			begun++
		} else {
			f.wantError(err, admin.ErrLoginLinkInvalid)
		}
	}
	f.want("sessions begun", 1, begun)
}

func testLoginLinkInvalid(f *fixture) {
	_, digest := f.link(time.Minute, func(*admin.LoginLink) {})
	refused := errors.New("refused")
	_, err := f.Store.BeginSession(f.Context(), digest, func(*admin.SessionBegin) error { return refused })
	f.wantError(err, refused) // which leaves the link as it was
	f.advance(time.Minute)
	for name, unusable := range map[string]ration.Digest{"expired": digest, "unknown": newDigest()} {
		if _, err := f.follow(f.Store, unusable); !errors.Is(err, admin.ErrLoginLinkInvalid) {
			f.Errorf("%s: error %v", name, err)
		}
	}
	f.setNow(noon.Add(time.Minute - time.Microsecond))
	_, err = f.follow(f.Store, digest)
	f.wantError(err, nil)
}
