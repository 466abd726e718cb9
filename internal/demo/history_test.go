package demo_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/demo"
	"github.com/ration-dev/ration/sqlite"
)

// made is a history, and what it holds.
type made struct {
	*testing.T
	*admin.Service
	now  time.Time
	keys map[string]admin.KeyStatus // by owner and name
}

// madeAt makes a history that ends at a time.
func madeAt(t *testing.T, now time.Time) made {
	t.Helper()
	clock := new(demo.Clock)
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "demo.db"), Clock: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := demo.MakeHistory(t.Context(), store, clock, admin.Config{}, now); err != nil {
		t.Fatal(err)
	}
	m := made{t, admin.New(store, admin.Config{}), now, make(map[string]admin.KeyStatus)}
	page, err := m.ListKeys(t.Context(), admin.KeyFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range page.Keys {
		status, err := m.ShowKey(t.Context(), key.ID)
		if err != nil {
			t.Fatal(err)
		}
		m.keys[key.Owner+", "+key.Name] = status
	}
	return m
}

func (m *made) key(name string) admin.KeyStatus {
	m.Helper()
	key, known := m.keys[name]
	if !known {
		m.Fatalf("no key %q", name)
	}
	return key
}

// sums adds up all usage.
func (m *made) sums(question admin.UsageQuestion) []admin.UsageSum {
	m.Helper()
	report, err := m.SumUsage(m.Context(), question)
	if err != nil {
		m.Fatal(err)
	}
	return report.Sums
}

// TestHistoryShowsSomethingOfEverything at an ordinary time, just after midnight, and on the
// first day of a month.
func TestHistoryShowsSomethingOfEverything(t *testing.T) {
	for _, now := range []time.Time{
		time.Date(2030, 10, 31, 16, 20, 7, 0, time.UTC), time.Date(2030, 6, 12, 0, 2, 0, 0, time.UTC), time.Date(2031, 3, 1, 9, 0, 0, 0, time.UTC),
	} {
		t.Run(now.Format(time.RFC3339), func(t *testing.T) {
			t.Parallel()
			m := madeAt(t, now)
			m.checkMarks()
			m.checkStories()
			m.checkHistory()
			m.checkTraffic()
		})
	}
}

func (m *made) checkMarks() {
	m.Helper()
	if len(m.keys) < 12 {
		m.Errorf("%d keys, want some more", len(m.keys))
	}
	for name, key := range m.keys {
		if key.Metadata[demo.Mark] != "true" || !strings.HasSuffix(key.Owner, " (demo)") || key.Plan != "" && !strings.HasPrefix(key.Plan, "demo-") {
			m.Errorf("%s doesn't say that it is made up: %+v", name, key.Key)
		}
	}
}

func (m *made) checkStories() {
	m.Helper()
	for name, want := range map[string]int64{"Harbor Weather (demo), Alerts": 0, "Kestrel Media (demo), Thumbnails": 430, "Northwind (demo), Trial": 90} {
		least := int64(1 << 60)
		for _, limit := range m.key(name).Limits {
			least = min(least, limit.Remaining)
		}
		if least > want {
			m.Errorf("%s has %d left, want at most %d", name, least, want)
		}
	}
	for name, want := range map[string]ration.Status{"Iris Clinic (demo), Appointments": ration.StatusDisabled, "Juniper Books (demo), Search": ration.StatusRevoked, "Acme Robotics (demo), Production": ration.StatusActive} {
		key := m.key(name)
		if key.Status != want || key.Usage[0].Used == 0 || want != ration.StatusActive && key.Usage[0].Denied == 0 {
			m.Errorf("%s is %s with %+v, want it %s", name, key.Status, key.Usage[0], want)
		}
	}
	for name, key := range m.keys {
		var used time.Time
		for _, secret := range key.Secrets {
			if secret.LastUsedAt.After(used) {
				used = secret.LastUsedAt
			}
		}
		if last := key.Usage[0].LastRequestAt; last.Sub(used).Abs() > time.Minute {
			m.Errorf("%s was last used at %s, and its secret at %s", name, last, used)
		}
	}
	if ends := m.key("Lumen Energy (demo), Meter readings").ExpiresAt.Sub(m.now); ends <= 0 || ends > 6*24*time.Hour {
		m.Errorf("a key expires in %s, want some days", ends)
	}
	if key := m.key("Mosaic Internal (demo), Nightly batch"); len(key.Limits) != 0 || key.NoLimit.Unmarked() {
		m.Errorf("the key without limits: %+v", key.KeyRecord)
	}
	if key := m.key("Bluebird Travel (demo), Website"); len(key.Overrides) != 1 || !key.Overrides[0].ExpiresAt.After(m.now) {
		m.Errorf("overrides %+v, want one that ends later", key.Overrides)
	}
	open, err := m.ListReservations(m.Context(), admin.ReservationFilter{State: ration.ReservationOpen})
	if err != nil || len(open) != 2 {
		m.Errorf("%d open reservations, %v; want 2", len(open), err)
	}
	entries, err := m.ListAudit(m.Context(), admin.AuditFilter{})
	if err != nil || len(entries) < 25 || entries[0].At.After(m.now) || m.now.Sub(entries[len(entries)-1].At) < 28*24*time.Hour {
		m.Errorf("%d audit entries, %v; want a month of them", len(entries), err)
	}
}

// checkHistory wants usage on each day, and in most hours of the last week, but none after
// now; and hours that add up to the same as days.
func (m *made) checkHistory() {
	m.Helper()
	today := ration.DateID(m.now.Date())
	week := admin.UsageFilter{Meter: ration.MeterRequests, From: today - 6, To: today}
	days := m.sums(admin.UsageQuestion{UsageFilter: admin.UsageFilter{Meter: ration.MeterRequests}, By: []admin.UsageGroup{admin.ByDay}, Zone: "UTC"})
	if len(days) < 29 || days[len(days)-1].Date > today {
		m.Errorf("%d days up to %s, want a month", len(days), days[len(days)-1].Date.Date())
	}
	hours := m.sums(admin.UsageQuestion{UsageFilter: week, By: []admin.UsageGroup{admin.ByHour}, Zone: "UTC"})
	if want := 6*24 + m.now.Hour(); len(hours) < want {
		m.Errorf("%d hours of the last week have usage, want %d", len(hours), want)
	}
	var byDay, byHour int64
	for _, day := range days[len(days)-7:] {
		byDay += day.Used
	}
	for _, hour := range hours {
		byHour += hour.Used
		if hour.Hour.After(m.now) {
			m.Errorf("something was used at %s, after %s", hour.Hour, m.now)
		}
	}
	if byDay != byHour {
		m.Errorf("%d by day, %d by hour", byDay, byHour)
	}
	if workday, sunday := m.usedOn(today, time.Wednesday), m.usedOn(today, time.Sunday); workday < 2*sunday {
		m.Errorf("%d on a Wednesday and %d on a Sunday, want a rhythm", workday, sunday)
	}
}

// usedOn returns what a key of office hours used on the last full day that is a weekday.
func (m *made) usedOn(today ration.PeriodID, weekday time.Weekday) int64 {
	m.Helper()
	date := today - 1
	for date.Date().Weekday() != weekday {
		date--
	}
	return m.sums(admin.UsageQuestion{UsageFilter: admin.UsageFilter{KeyID: m.key("Acme Robotics (demo), Production").ID, Meter: ration.MeterRequests, From: date, To: date}})[0].Used
}

func (m *made) checkTraffic() {
	m.Helper()
	report, err := m.Traffic(m.Context(), admin.TrafficQuestion{By: []admin.UsageGroup{admin.ByVia, admin.ByCode}})
	if err != nil {
		m.Fatal(err)
	}
	answers := make(map[string]int64)
	for _, sum := range report.Sums {
		answers[sum.Via] += sum.Answers
		answers[sum.Code] += sum.Answers
	}
	for _, word := range []string{"proxy", "verify", "ok", "quota_exceeded", "key_missing", "key_unknown", "key_disabled", "key_revoked", "insufficient_scope", "rate_exceeded"} {
		if answers[word] == 0 {
			m.Errorf("no traffic of %s: %v", word, answers)
		}
	}
}

// TestHistoryIsTheSameEachTime, but for ids and secrets.
func TestHistoryIsTheSameEachTime(t *testing.T) {
	now := time.Date(2030, 10, 31, 16, 20, 7, 0, time.UTC)
	usage := func() map[string][]admin.MeterUsage {
		m, found := madeAt(t, now), make(map[string][]admin.MeterUsage)
		for name, key := range m.keys {
			found[name] = key.Usage
		}
		return found
	}
	if diff := cmp.Diff(usage(), usage()); diff != "" {
		t.Errorf("two histories differ:\n%s", diff)
	}
}
