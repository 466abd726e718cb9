package console

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

func (c *Console) registerKeys() {
	c.get("/keys", c.keys)
	c.get("/keys/sparks", c.sparks)
}

const (
	keysOnPage = 50
	sparkDays  = 30
	// mostChoices bounds the plans that a page offers to choose from.
	mostChoices = 500
)

// keysPage is what the page shows.
type keysPage struct {
	Search, Status, Plan, Owner, Sort string
	Descending                        bool
	Statuses                          []ration.Status
	Plans                             []string
	Rows                              []keyRow
	Pager                             pager
	IDs                               string // of the rows, for their sparklines
	Filtered                          bool
	First                             bool   // no earlier page
	Matching                          string // where all that match can be changed
}

// keyRow is a key in the list.
type keyRow struct {
	rationadmin.KeyRecord
	State string // its status, or "expired"
	Used  moment // when one of its secrets was last used; zero: never
	Bar   *bar   // of its limit for the day; nil: there is none
}

// keyFilter reads the filter that an address has.
func keyFilter(values url.Values) (admin.KeyFilter, error) {
	filter := admin.KeyFilter{
		Search: searched(values.Get("q")), Status: ration.Status(values.Get("status")), Plan: values.Get("plan"), Owner: values.Get("owner"),
		Sort: rationadmin.KeySort(values.Get("sort")), Descending: values.Get("order") == "desc", Limit: keysOnPage, WithToday: true,
	}
	if after := values.Get("after"); after != "" {
		text, err := base64.RawURLEncoding.DecodeString(after)
		if err == nil {
			err = json.Unmarshal(text, &filter.After)
		}
		if err != nil {
			return filter, &ration.InvalidError{Field: "after", Reason: "begin with the first page again"}
		}
	}
	return filter, nil
}

// searched returns what to search for. Of a whole secret that is its beginning: a page shows
// a secret once, and no address should have it.
func searched(text string) string {
	if secret := ration.SecretFromText(strings.TrimSpace(text)); secret.Generated() {
		text, _ = secret.Ends()
	}
	return text
}

func (c *Console) keys(v *visit) error {
	values := v.r.URL.Query()
	if values.Has("q") {
		values.Set("q", searched(values.Get("q")))
	}
	filter, err := keyFilter(values)
	if err != nil {
		return err
	}
	found, err := v.Operations.ListKeys(v.ctx, filter)
	if err != nil {
		return err
	}
	page := keysPage{
		Search: filter.Search, Status: string(filter.Status), Plan: filter.Plan, Owner: filter.Owner, Sort: string(filter.Sort), Descending: filter.Descending,
		Statuses: []ration.Status{ration.StatusActive, ration.StatusDisabled, ration.StatusRevoked, ration.StatusPending, ration.StatusRejected},
		Filtered: filter.Search != "" || filter.Status != "" || filter.Plan != "" || filter.Owner != "",
		First:    filter.After.IsZero(),
	}
	if page.Plans, err = v.planNames(); err != nil {
		return err
	}
	now := time.Now()
	for i := range found.Keys {
		page.Rows = append(page.Rows, rowOf(&found.Keys[i], now))
		if i > 0 {
			page.IDs += ","
		}
		page.IDs += found.Keys[i].ID.String()
	}
	page.Matching = "/keys/change-all?" + url.Values{"status": {page.Status}, "plan": {page.Plan}, "owner": {page.Owner}}.Encode()
	next := ""
	if !found.Next.IsZero() {
		text, err := json.Marshal(found.Next)
		if err != nil {
			return err
		}
		next = base64.RawURLEncoding.EncodeToString(text)
	}
	page.Pager = newPager("/keys", values, next)
	v.show(200, "keys", layout{Title: "Keys", Section: "/keys", Page: page})
	return nil
}

func rowOf(key *rationadmin.KeyRecord, now time.Time) keyRow {
	row := keyRow{KeyRecord: *key, State: stateOf(&key.Key, now), Used: moment{Zone: key.TimeZone}}
	for i := range key.Secrets {
		if used := key.Secrets[i].LastUsedAt; used.After(row.Used.Time) {
			row.Used.Time = used
		}
	}
	if today := key.Today; today != nil && today.Limit != nil {
		limit := *today.Limit
		made := usedBar(today.Used, today.Reserved, limit, limit-today.Used-today.Reserved, count(today.Used)+" of "+count(limit))
		row.Bar = &made
	}
	return row
}

// stateOf returns the status of a key, or that it has expired.
func stateOf(key *ration.Key, now time.Time) string {
	if key.Status == ration.StatusActive && key.ExpiredAt(now) {
		return "expired"
	}
	return string(key.Status)
}

// planNames returns the names of the plans to choose from. Who sees only some keys sees no
// list of plans.
func (v *visit) planNames() ([]string, error) {
	if v.Narrowed() {
		return slices.Clone(v.Plans), nil
	}
	plans, err := v.Operations.ListPlans(v.ctx, admin.NameFilter{Limit: mostChoices})
	if err != nil {
		return nil, err
	}
	names := make([]string, len(plans))
	for i := range plans {
		names[i] = plans[i].Name
	}
	return names, nil
}

// sparksPage has the sparklines of some keys.
type sparksPage map[string]spark

// sparks answers with what keys used in the last days. The list of keys does not wait for
// it.
func (c *Console) sparks(v *visit) error {
	ids := splitList(v.r.FormValue("ids"))
	if len(ids) > keysOnPage {
		return &ration.InvalidError{Field: "ids", Reason: "ask for at most 50 keys"}
	}
	page := sparksPage{}
	last := ration.DateID(time.Now().UTC().Date()) + 1 // where it is tomorrow already
	first := last - sparkDays
	filter := admin.UsageFilter{Meter: ration.MeterRequests, From: first}
	for _, text := range ids {
		id, err := ration.ParseKeyID(text)
		if err != nil {
			return err
		}
		filter.KeyIDs = append(filter.KeyIDs, id)
	}
	if len(ids) > 0 { // no keys would be any
		days, err := v.Operations.UsageDays(v.ctx, filter)
		if err != nil {
			return err
		}
		of := make(map[ration.KeyID][]rationadmin.UsageDay, len(ids))
		for _, day := range days {
			of[day.KeyID] = append(of[day.KeyID], day)
		}
		for _, id := range filter.KeyIDs {
			page[id.String()] = daysSpark(of[id], first, last)
		}
	}
	v.console.pages.execute(v.w, 200, v.console.pages["keys"], "sparks", page)
	return nil
}

func daysSpark(days []rationadmin.UsageDay, first, last ration.PeriodID) spark {
	values := make([]int64, last-first+1)
	var sum int64
	for i := range days {
		if at := days[i].Date - first; at >= 0 && int(at) < len(values) {
			values[at] += days[i].Used
			sum += days[i].Used
		}
	}
	return sparkOf(values, count(sum)+" requests in 30 days")
}

// splitList reads a list that commas or spaces separate.
func splitList(text string) []string {
	return slices.DeleteFunc(splitAny(text), func(item string) bool { return item == "" })
}
