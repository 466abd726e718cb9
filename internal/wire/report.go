package wire

import (
	"encoding/json"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// UsageDays returns rows of history.
func UsageDays(days []admin.UsageDay) []api.UsageDay {
	return convert(days, func(day admin.UsageDay) api.UsageDay {
		return api.UsageDay{
			KeyID: day.KeyID.String(), KeyName: day.KeyName, Owner: day.Owner, Meter: day.Meter,
			Date: date(day.Date), Used: number(day.Unit, day.Used), Denied: day.Denied, LastRequestAt: instant(day.LastRequestAt),
		}
	})
}

// AuditEntries returns entries of the audit log.
func AuditEntries(entries []admin.AuditEntry) []api.AuditEntry {
	return convert(entries, func(entry admin.AuditEntry) api.AuditEntry {
		details := entry.Details
		if len(details) == 0 {
			details = json.RawMessage("{}")
		}
		shown := api.AuditEntry{
			ID: entry.ID.String(), At: entry.At.UTC(), Actor: entry.Actor, From: entry.From, Action: entry.Action,
			Target: entry.Target, KeyName: entry.KeyName, Details: details,
		}
		if entry.TokenID != uuid.Nil {
			shown.TokenID = entry.TokenID.String()
		}
		return shown
	})
}
