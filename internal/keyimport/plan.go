package keyimport

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ration-dev/ration"
)

// Plan is what an import would do, and what is wrong with it.
type Plan struct {
	Records  []Record  // one for each row, those with problems included
	Findings []Finding // by row, the file's own first
}

// NewPlan reads the table by the mapping. The prefix is that of the secrets
// Ration makes here. An error means that the mapping is wrong or does not fit
// the table; what is wrong with rows is in the findings:
//
//   - problems: a secret that is missing, unusable or there twice; digests and
//     plain secrets mixed; a digest of the wrong length; a secret that a spreadsheet has
//     spoilt; a missing or unreadable
//     name; a status, boolean or time that can't be read;
//   - warnings: a weak secret; one that begins as ours do; a name or owner (in any case) that is there twice; a column
//     that nothing reads; plain secrets that all look like digests.
func NewPlan(table *Table, mapping Mapping, secretPrefix string) (Plan, error) {
	if err := mapping.validate(table); err != nil {
		return Plan{}, err
	}
	plan := Plan{Findings: unreadColumns(table, mapping.columns())}
	if mapping.Guessed {
		noteStates(plan.Findings)
	}
	for i, row := range table.rows {
		r := reading{table: table, mapping: &mapping, row: row, record: Record{Row: i + 1, Line: row.line}}
		r.read(secretPrefix)
		plan.Records = append(plan.Records, r.record)
		plan.Findings = append(plan.Findings, r.findings...)
	}
	plan.noteRepeats("secret", Problem, secretIdentity)
	plan.noteRepeats("name", Warning, func(r Record) string { return r.Name })
	plan.noteRepeats("owner", Warning, func(r Record) string { return strings.ToLower(r.Owner) })
	plan.noteDigests()
	plan.noteLostZeros()
	slices.SortStableFunc(plan.Findings, func(a, b Finding) int { return a.Row - b.Row })
	return plan, nil
}

// Err joins the problems, each a [Finding]; nil if the plan may be carried out.
func (p Plan) Err() error { return problemsIn(p.Findings) }

func problemsIn(findings []Finding) error {
	var problems []error
	for _, finding := range findings {
		if finding.Severity == Problem {
			problems = append(problems, finding)
		}
	}
	return errors.Join(problems...)
}

// unreadColumns may name columns: the mapping has found its own among them, so
// that they are a header and not a row of secrets.
func unreadColumns(table *Table, read []string) []Finding {
	var findings []Finding
	for _, column := range table.columns {
		if !slices.Contains(read, column) {
			findings = append(findings, Finding{Severity: Warning, Field: column, Reason: "nothing reads this column"})
		}
	}
	return findings
}

// noteStates makes problems of unread columns that may say which keys are not active:
// all keys would be.
func noteStates(unread []Finding) {
	for i, finding := range unread {
		if slices.Contains(stateNames, fold(finding.Field)) {
			unread[i].Severity, unread[i].Reason = Problem, "it may say which keys are not active, and nothing reads it; say in a --mapping (status) what its values mean, or leave the column out"
		}
	}
}

func secretIdentity(r Record) string {
	if r.Secret.IsZero() && r.Digest == (ration.Digest{}) || r.Digest == (ration.Secret{}).Digest(nil) {
		return "" // there is none, which has been noted
	}
	return string(r.Digest[:])
}

// noteRepeats notes each row whose value an earlier one has; empty ones don't count.
func (p *Plan) noteRepeats(field string, severity Severity, value func(Record) string) {
	first := map[string]int{}
	for _, record := range p.Records {
		text := value(record)
		earlier, repeated := first[text]
		switch {
		case text == "":
		case repeated:
			p.note(severity, record, field, fmt.Sprintf("row %d has the same", earlier))
		default:
			first[text] = record.Row
		}
	}
}

// noteDigests finds digests among plain secrets: imported as secrets, they would
// let in whoever has seen them.
func (p *Plan) noteDigests() {
	var digests []Record
	plain := 0
	for _, record := range p.Records {
		switch {
		case isDigest(record.Secret.Reveal()):
			digests = append(digests, record)
		case !record.Secret.IsZero():
			plain++
		}
	}
	for _, record := range digests {
		if plain > 0 {
			p.note(Problem, record, "secret", "it looks like a SHA-256 digest among plain secrets; import the two kinds separately")
		}
	}
	if plain == 0 && len(digests) > 0 {
		p.Findings = append(p.Findings, Finding{Severity: Warning, Field: "secret", Reason: "all look like SHA-256 digests; if they are, say so in the mapping"})
	}
}

func (p *Plan) note(severity Severity, record Record, field, reason string) {
	p.Findings = append(p.Findings, Finding{Severity: severity, Row: record.Row, Line: record.Line, Field: field, Reason: reason})
}
