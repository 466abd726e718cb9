package keyimport

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// Record is a key to be imported.
type Record struct {
	Row, Line int           // where it stands, as in a [Finding]
	Secret    ration.Secret // zero where the file holds digests
	Digest    ration.Digest // SHA-256 of the secret, without a pepper
	Name      string
	Owner     string
	Plan      string // empty: that of the whole import
	Status    ration.Status
	Scopes    []string  // sorted
	CreatedAt time.Time // UTC; zero: not known
}

// reading turns one row into a record and notes what is wrong with it.
type reading struct {
	table    *Table
	mapping  *Mapping
	row      row
	record   Record
	findings []Finding
}

func (r *reading) read(secretPrefix string) {
	r.readSecret(secretPrefix)
	r.record.Name = r.text("name", r.mapping.Name)
	if strings.TrimSpace(r.record.Name) == "" {
		r.note(Problem, "name", "a key needs a name")
	}
	r.record.Owner = r.text("owner", r.mapping.Owner)
	r.record.Plan = strings.TrimSpace(r.text("plan", r.mapping.Plan))
	r.readStatus()
	r.readScopes()
	r.readCreatedAt()
}

func (r *reading) readSecret(prefix string) {
	text := r.value(r.mapping.Secret)
	if r.mapping.SecretForm == SecretSHA256 {
		if !isDigest(text) {
			r.note(Problem, "secret", fmt.Sprintf("a SHA-256 digest has 64 hexadecimal digits; these are %d bytes and may be a plain secret", len(text)))
			return
		}
		_, _ = hex.Decode(r.record.Digest[:], []byte(text)) // isDigest has decoded it
		return
	}
	r.record.Secret = ration.SecretFromText(text)
	r.record.Digest = r.record.Secret.Digest(nil)
	if reason := admin.SecretProblem(r.record.Secret); reason != "" {
		r.note(Problem, "secret", reason)
		return
	}
	if reason := mangled(text); reason != "" {
		r.note(Problem, "secret", reason)
		return
	}
	for _, reason := range []string{secretWeakness(text), secretDoubt(r.record.Secret, prefix)} {
		if reason != "" {
			r.note(Warning, "secret", reason)
		}
	}
}

func (r *reading) readStatus() {
	values := make([]string, len(r.mapping.Status.Columns))
	for i, column := range r.mapping.Status.Columns {
		values[i] = r.value(column)
	}
	status, found := r.mapping.Status.status(values)
	if !found {
		r.note(Problem, "status", "no rule of the mapping matches "+strings.Join(r.mapping.Status.Columns, ", "))
	}
	r.record.Status = status
}

func (r *reading) readScopes() {
	for _, column := range slices.Sorted(maps.Keys(r.mapping.Scopes)) {
		text := r.value(column)
		granted, err := strconv.ParseBool(text)
		if text != "" && err != nil {
			r.note(Problem, column, "use true or false, 1 or 0, or leave it empty for false")
		}
		if granted {
			r.record.Scopes = append(r.record.Scopes, r.mapping.Scopes[column])
		}
	}
	slices.Sort(r.record.Scopes)
	r.record.Scopes = slices.Compact(r.record.Scopes)
}

func (r *reading) readCreatedAt() {
	text := r.value(r.mapping.CreatedAt)
	if text == "" {
		return
	}
	at, ok := parseTime(text)
	if !ok {
		r.note(Problem, "created_at", timeForm)
		return
	}
	r.record.CreatedAt = at.UTC()
}

const timeForm = `use a time such as "2025-01-31 16:05:09"; without an offset it is UTC`

// parseTime reads a time in the offset in which it is written.
func parseTime(text string) (time.Time, bool) {
	for _, layout := range []string{time.DateTime, "2006-01-02T15:04:05", time.RFC3339, "2006-01-02 15:04:05Z07:00"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

func (r *reading) text(field, column string) string {
	text := r.value(column)
	if reason := admin.TextProblem(text, 0, admin.MaxTextLength); reason != "" {
		r.note(Problem, field, reason)
	}
	return text
}

func (r *reading) value(column string) string { return r.row.cell(r.table.column(column)) }

func (r *reading) note(severity Severity, field, reason string) {
	r.findings = append(r.findings, Finding{Severity: severity, Row: r.record.Row, Line: r.record.Line, Field: field, Reason: reason})
}
