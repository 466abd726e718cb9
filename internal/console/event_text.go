package console

import (
	"encoding/json"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

// eventRow is an event in words.
type eventRow struct {
	rationadmin.Event
	Zone string // of the key's periods; empty: not known
	Text string // what has happened to the key; empty: this release does not know it
	More string // what else there is to know; empty: nothing
	Due  string // what comes, such as "resets at"; empty: nothing
	At   moment
	When moment // it comes
}

// eventData is what the data of events has, whatever their type.
type eventData struct {
	Status    ration.Status `json:"status"`
	Plan      string        `json:"plan"`
	ExpiresAt time.Time     `json:"expires_at"`
	Label     string        `json:"label"`

	Limit     string      `json:"limit"`
	Meter     string      `json:"meter"`
	Period    string      `json:"period"`
	Threshold int         `json:"threshold"`
	Quantity  json.Number `json:"quantity"`
	Used      json.Number `json:"used"`
	Most      json.Number `json:"most"`
	GivenBack json.Number `json:"given_back"`
	ResetsAt  time.Time   `json:"resets_at"`
}

func eventRows(events []rationadmin.Event, zone string) []eventRow {
	rows := make([]eventRow, len(events))
	for i := range events {
		rows[i] = eventRow{Event: events[i], Zone: zone, At: moment{events[i].At, zone}}
		var data eventData
		if json.Unmarshal(events[i].Data, &data) == nil {
			rows[i].tell(&data)
		}
	}
	return rows
}

// tell says what has happened. The key is the subject of each sentence. A type of another
// release stays as it is.
func (r *eventRow) tell(data *eventData) {
	switch r.Type {
	case rationadmin.EventKeyCreated:
		r.Text = "was created" + data.withPlan()
		if data.Status != ration.StatusActive && data.Status != "" {
			r.More = string(data.Status)
		}
		r.comes("expires at", data.ExpiresAt)
	case rationadmin.EventKeyRequested:
		r.Text = "was asked for"
	case rationadmin.EventKeyApproved:
		r.Text = "was approved" + data.withPlan()
		r.comes("expires at", data.ExpiresAt)
	case rationadmin.EventKeyRejected:
		r.Text = "was rejected"
	case rationadmin.EventKeyRotated:
		r.Text = "got a new secret in the place of one"
		if data.Label != "" {
			r.More = "label “" + data.Label + "”"
		}
	case rationadmin.EventKeyDisabled:
		r.Text = "was disabled"
	case rationadmin.EventKeyEnabled:
		r.Text = "was enabled"
	case rationadmin.EventKeyRevoked:
		r.Text = "was revoked for good"
	case rationadmin.EventKeyExpiring:
		r.Text = "expires soon"
		r.comes("at", data.ExpiresAt)
	case rationadmin.EventLimitThreshold:
		r.Text = "used " + count(data.Threshold) + " % of " + grouped(data.Quantity.String()) + " " + data.Meter + " " + data.per()
		r.More = grouped(data.Used.String()) + " used"
		r.comes("resets at", data.ResetsAt)
	case rationadmin.EventRefundsExhausted:
		r.Text = "has no room for another refund of " + data.Meter + " " + data.per()
		r.More = grouped(data.GivenBack.String()) + " of at most " + grouped(data.Most.String()) + " given back"
		r.comes("resets at", data.ResetsAt)
	default:
		return
	}
	if data.hasNamedLimit() {
		r.More += ", limit “" + data.Limit + "”"
	}
}

func (r *eventRow) comes(what string, at time.Time) {
	if !at.IsZero() {
		r.Due, r.When = what, moment{at, r.Zone}
	}
}

func (d *eventData) withPlan() string {
	if d.Plan == "" {
		return ""
	}
	return " with the plan " + d.Plan
}

// per says how often a limit begins anew.
func (d *eventData) per() string {
	if d.Period == string(ration.PeriodLifetime) {
		return "in its lifetime"
	}
	return "per " + d.Period
}

// hasNamedLimit reports whether somebody has given the limit its name.
func (d *eventData) hasNamedLimit() bool {
	key := ration.LimitKey{Meter: d.Meter, Kind: ration.KindQuota, Period: ration.Period(d.Period)}
	return d.Limit != "" && d.Limit != key.DefaultName()
}
