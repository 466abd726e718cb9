package adminclient

import (
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// readDate reads a date; the empty text is none.
func readDate(text string) (ration.PeriodID, error) {
	if text == "" {
		return 0, nil
	}
	day, err := time.Parse(time.DateOnly, text)
	return ration.DateID(day.Date()), err
}

func readUsageDay(d api.UsageDay) (day admin.UsageDay, err error) {
	day = admin.UsageDay{KeyName: d.KeyName, Owner: d.Owner, Meter: d.Meter, Denied: d.Denied, LastRequestAt: orZero(d.LastRequestAt)}
	used, err := amount(d.Meter, d.Used)
	if err != nil {
		return day, err
	}
	day.Used, day.Unit = used.Units, used.Unit
	if day.KeyID, err = ration.ParseKeyID(d.KeyID); err != nil {
		return day, err
	}
	day.Date, err = readDate(d.Date)
	return day, err
}

func readUsageReport(r api.UsageReport) (report admin.UsageReport, err error) {
	report.More = r.More
	if report.Sums, err = all(r.Sums, readUsageSum); err != nil {
		return report, err
	}
	if report.Totals, err = all(r.Totals, readUsageSum); err != nil {
		return report, err
	}
	if report.From, err = readDate(r.From); err != nil {
		return report, err
	}
	report.To, err = readDate(r.To)
	return report, err
}

func readUsageSum(s api.UsageSum) (sum admin.UsageSum, err error) {
	sum = admin.UsageSum{
		KeyName: textOf(s.KeyName), Owner: textOf(s.Owner), Plan: textOf(s.Plan), Meter: s.Meter,
		Denied: s.Denied, LastRequestAt: orZero(s.LastRequestAt),
	}
	used, err := amount(s.Meter, s.Used)
	if err != nil {
		return sum, err
	}
	sum.Used, sum.Unit = used.Units, used.Unit
	if s.KeyID != "" {
		if sum.KeyID, err = ration.ParseKeyID(s.KeyID); err != nil {
			return sum, err
		}
	}
	if s.Hour != "" {
		if sum.Hour, err = time.Parse(time.RFC3339, s.Hour); err != nil {
			return sum, err
		}
	}
	day := s.Day
	if s.Month != "" && day == "" {
		day = s.Month + "-01"
	}
	sum.Date, err = readDate(day)
	return sum, err
}

func textOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func readAuditEntry(e api.AuditEntry) (entry admin.AuditEntry, err error) {
	entry = admin.AuditEntry{At: e.At, Actor: e.Actor, From: e.From, Action: e.Action, Target: e.Target, KeyName: e.KeyName, Details: e.Details}
	if e.TokenID != "" {
		if entry.TokenID, err = uuid.Parse(e.TokenID); err != nil {
			return entry, err
		}
	}
	entry.ID, err = uuid.Parse(e.ID)
	return entry, err
}

func readFindings(findings api.Findings) ([]admin.Finding, error) {
	return all(findings.Items, func(f api.Finding) (admin.Finding, error) {
		return admin.Finding{Check: f.Check, State: admin.FindingState(f.State), Detail: f.Detail, Advice: f.Advice}, nil
	})
}

func readUsageRepaired(done api.UsageRepaired) (read admin.UsageRepaired, err error) {
	read.Repaired = done.Repaired
	for _, skipped := range done.Skipped {
		id, err := ration.ParseKeyID(skipped.KeyID)
		if err != nil {
			return read, err
		}
		read.Skipped = append(read.Skipped, admin.SkippedKey{ID: id, Reason: skipped.Reason})
	}
	read.Next, err = readCursor(done.NextCursor)
	return read, err
}

func readReconciliation(r api.ReconciliationChunk) (read admin.Reconciliation, err error) {
	read = admin.Reconciliation{Keys: r.Keys, Logged: r.Logged, Entries: r.Entries}
	if read.Differences, err = all(r.Differences, readDifference); err != nil {
		return read, err
	}
	read.Last, err = readCursor(r.NextCursor)
	return read, err
}

func readDifference(d api.Difference) (difference admin.Difference, err error) {
	difference = admin.Difference{Meter: d.Meter, Count: d.Count, At: orZero(d.At)}
	counts, unit, err := units(d.Counted, d.Logged)
	if err != nil {
		return difference, err
	}
	difference.Counted, difference.Logged, difference.Unit = counts[0], counts[1], unit
	if difference.KeyID, err = ration.ParseKeyID(d.KeyID); err != nil {
		return difference, err
	}
	difference.Date, err = readDate(d.Date)
	return difference, err
}
