package console

import (
	"strings"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

func (c *Console) registerPalette() { c.get("/palette", c.palette) }

// place is somewhere to go.
type place struct{ Path, Name, Hint string }

// places are the pages that have one address.
var places = []struct {
	place
	scope string // that a visitor needs; empty: none
	whole bool   // it is about more than some keys
}{
	{place{"/", "Overview", "requests, denials, what needs attention"}, "", false},
	{place{"/keys", "Keys", "find a key"}, "", false},
	{place{"/keys/new", "New key", "make a key and its secret"}, rationadmin.ScopeKeys, false},
	{place{"/plans", "Plans", "limits that keys share"}, "", true},
	{place{"/requests", "Key requests", "approve or reject"}, "", false},
	{place{"/events", "Events", "what happened to keys"}, "", true},
	{place{"/webhooks", "Webhooks", "where events are sent, and what was not delivered"}, "", true},
	{place{"/webhooks/new", "New webhook", "send events to an address"}, rationadmin.ScopeAdmin, true},
	{place{"/audit", "Audit log", "who changed what"}, "", true},
	{place{"/tokens", "Tokens and sessions", "who can get in"}, rationadmin.ScopeAdmin, true},
	{place{"/system", "System", "instances, database, checks"}, rationadmin.ScopeAdmin, true},
}

// foundKeys is how many keys the palette shows.
const foundKeys = 8

// palette answers with pages and keys that what was typed may mean.
func (c *Console) palette(v *visit) error {
	typed := searched(strings.TrimSpace(v.r.FormValue("q")))
	var found []place
	for _, known := range places {
		if strings.Contains(strings.ToLower(known.Name+" "+known.Hint), strings.ToLower(typed)) && (known.scope == "" || v.May(known.scope)) && !(known.whole && v.Narrowed()) {
			found = append(found, known.place)
		}
	}
	if typed != "" {
		keys, err := v.Operations.ListKeys(v.ctx, admin.KeyFilter{Search: typed, Limit: foundKeys})
		if err != nil {
			return err
		}
		for i := range keys.Keys {
			key := &keys.Keys[i]
			hint := string(key.Status)
			if key.Owner != "" {
				hint = key.Owner + ", " + hint
			}
			found = append(found, place{keyPath(key.ID), key.Name, hint})
		}
	}
	v.console.pages.writePart(v.w, 200, "places", found)
	return nil
}
