package admin

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// rowsAtOnce is how many keys or rows one step of a job takes: few, because charges of
// their keys wait meanwhile. It is also how many rows a part of the input has.
const rowsAtOnce = 100

// jobRow is a key to import as the input of a job has it: with the digest of its
// secret, and the characters by which that is recognised.
type jobRow struct {
	Name      string        `json:"name"`
	Owner     string        `json:"owner,omitempty"`
	Plan      string        `json:"plan,omitempty"`
	Status    ration.Status `json:"status"`
	Scopes    []string      `json:"scopes,omitempty"`
	CreatedAt time.Time     `json:"created_at,omitzero"`
	Unlimited bool          `json:"unlimited,omitempty"`
	Digest    string        `json:"digest"`
	Start     string        `json:"start,omitempty"`
	End       string        `json:"end,omitempty"`
}

func jobRowOf(row *importRow) jobRow {
	return jobRow{
		Name: row.Name, Owner: row.Owner, Plan: row.Plan, Status: row.Status, Scopes: row.Scopes, CreatedAt: row.CreatedAt, Unlimited: row.Unlimited,
		Digest: hex.EncodeToString(row.secret.Digest[:]), Start: row.secret.Start, End: row.secret.End,
	}
}

func (r *jobRow) importRow() (importRow, error) {
	row := importRow{ImportedKey: ImportedKey{
		Name: r.Name, Owner: r.Owner, Plan: r.Plan, Status: r.Status, Scopes: r.Scopes, CreatedAt: r.CreatedAt, Unlimited: r.Unlimited,
	}}
	row.secret.Label, row.secret.Start, row.secret.End = DefaultSecretLabel, r.Start, r.End
	digest, err := hex.DecodeString(r.Digest)
	if err == nil && len(digest) != len(row.secret.Digest) {
		err = fmt.Errorf("a digest of %d bytes", len(digest))
	}
	copy(row.secret.Digest[:], digest)
	return row, err
}

// jobDay is a day to import as the input of a job has it.
type jobDay struct {
	Row           int             `json:"row"`
	KeyID         ration.KeyID    `json:"key"`
	Meter         string          `json:"meter"`
	Date          ration.PeriodID `json:"date"`
	Used          int64           `json:"used"`
	Unit          ration.Unit     `json:"unit,omitempty"`
	LastRequestAt time.Time       `json:"last_request_at,omitzero"`
}

// jobWork is what a job is to do, as it is stored.
type jobWork struct {
	kind  JobKind
	task  []byte
	input [][]byte
	total int
}

// workOfKeys checks an import of keys.
func (s *Service) workOfKeys(keys *KeysImport) (jobWork, error) {
	rows, err := s.importRows(KeysImport{Keys: keys.Keys})
	if err != nil {
		return jobWork{}, err
	}
	stored := make([]jobRow, len(rows))
	for i := range rows {
		stored[i] = jobRowOf(&rows[i])
	}
	return workOf(JobImportKeys, stored)
}

// workOfUsage checks an import of usage. It sorts the days by their keys, so that a step
// locks few of them.
func workOfUsage(usage *UsageImport) (jobWork, error) {
	days := slices.Clone(usage.Days)
	slices.SortStableFunc(days, func(a, b ImportedDay) int { return compareDays(dayKey(&a), dayKey(&b)) })
	stored := make([]jobDay, len(days))
	for i := range days {
		if err := ValidateDay(&days[i]); err != nil {
			return jobWork{}, inRow(days[i].Row, err)
		}
		stored[i] = jobDay(days[i])
	}
	if err := checkRepeats(days); err != nil {
		return jobWork{}, err
	}
	return workOf(JobImportUsage, stored)
}

// workOf returns an import of rows.
func workOf[Row any](kind JobKind, rows []Row) (jobWork, error) {
	work := jobWork{kind: kind, task: []byte("{}"), total: len(rows)}
	for part := range slices.Chunk(rows, rowsAtOnce) {
		text, err := json.Marshal(part)
		if err != nil {
			return work, fmt.Errorf("writing the input of a job: %w", err)
		}
		work.input = append(work.input, text)
	}
	return work, nil
}

// readRows reads a part of an import.
func readRows[Row any](input []byte) (rows []Row, err error) {
	err = decodeStrictly(input, &rows)
	return rows, err
}

// writeTask and readTask keep a change of keys. A field that is not known is an error:
// another release wrote it, and the change would be another one without it.
func writeTask(change *KeysChange) ([]byte, error) {
	text, err := json.Marshal(change)
	if err != nil {
		return nil, fmt.Errorf("writing what a job is to do: %w", err)
	}
	return text, nil
}

func readTask(task []byte) (change KeysChange, err error) {
	err = decodeStrictly(task, &change)
	return change, err
}

func decodeStrictly(text []byte, value any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(value); err != nil {
		return fmt.Errorf("reading what a job is to do: %w", err)
	}
	return nil
}
