package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/ration-dev/ration/bench/load"
)

const (
	callers     = 64
	chargedKeys = 1_000
)

// decisions are asked for of POST /v1/verify.
type decisions struct {
	address, token string
	reader         *reader
	db             *sql.DB
	hot            string // the statement; see [database]
}

// measureDecisions prints how many decisions a second there are, with and without
// reports, in turns.
func measureDecisions(ctx context.Context, s *settings, d *decisions) error {
	caller, err := d.caller(ctx)
	if err != nil {
		return err
	}
	defer caller.Close()
	before, err := d.updates(ctx)
	if err != nil {
		return err
	}
	workload := load.Workload{Name: "decisions", Callers: callers, Keys: chargedKeys}
	var quiet, disturbed []float64
	read := 0
	for range s.pairs {
		result, err := load.Measure(ctx, workload, s.length/4, s.length, caller.Count)
		if err != nil {
			return err
		}
		quiet = append(quiet, result.PerSecond)
		stop := d.report(ctx)
		result, err = load.Measure(ctx, workload, s.length/4, s.length, caller.Count)
		reports, reportErr := stop()
		if err := errors.Join(err, reportErr); err != nil {
			return err
		}
		disturbed, read = append(disturbed, result.PerSecond), read+reports
	}
	slices.Sort(quiet)
	slices.Sort(disturbed)
	without, with := quiet[len(quiet)/2], disturbed[len(disturbed)/2]
	fmt.Printf("\nDecisions a second, medians of %d turns of %s: %.0f without reports, %.0f with (%d reports read): %.2f.\n", s.pairs, s.length, without, with, read, with/without)
	if d.hot == "" {
		return nil
	}
	time.Sleep(2 * time.Second) // sessions tell the statistics once a second
	after, err := d.updates(ctx)
	if err != nil {
		return err
	}
	var all updates
	for i, table := range after {
		table.rows -= before[i].rows
		table.heapOnly -= before[i].heapOnly
		all.rows += table.rows
		all.heapOnly += table.heapOnly
		fmt.Printf("Of %d updated rows of %s, %.1f %% were heap-only tuples.\n", table.rows, table.table, table.share())
	}
	fmt.Printf("Of all %d, %.1f %% were.\n", all.rows, all.share())
	return nil
}

// caller makes keys and returns who charges them.
func (d *decisions) caller(ctx context.Context) (*load.HTTP, error) {
	bodies := make([][]byte, chargedKeys)
	for i := range bodies {
		var created struct {
			Secret string `json:"secret"`
		}
		if err := d.create(ctx, map[string]string{"name": fmt.Sprintf("charged %d", i), "plan": "pro"}, &created); err != nil {
			return nil, err
		}
		bodies[i], _ = json.Marshal(map[string]string{"secret": created.Secret})
	}
	return load.NewHTTP(ctx, d.address, "/v1/verify", http.Header{"Authorization": {"Bearer " + d.token}}, bodies, callers, `"allowed":true`)
}

func (d *decisions) create(ctx context.Context, key, created any) error {
	body, err := json.Marshal(key)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.reader.url+"/keys", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+d.reader.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusCreated {
		return fmt.Errorf("creating a key: %s", response.Status)
	}
	return json.NewDecoder(response.Body).Decode(created)
}

// report reads what somebody looks at who reports, one after the other without end, until
// stop is called, which returns how much was read.
func (d *decisions) report(ctx context.Context) (stop func() (int, error)) {
	ctx, cancel := context.WithCancel(ctx)
	month := url.Values{"from": {time.Now().UTC().AddDate(0, 0, -29).Format(time.DateOnly)}}
	with := func(parameters ...string) url.Values {
		query := url.Values{"from": month["from"]}
		for pair := range slices.Chunk(parameters, 2) {
			query.Set(pair[0], pair[1])
		}
		return query
	}
	var failed error
	var reading sync.WaitGroup
	read := 0
	reading.Go(func() {
		for {
			for _, report := range []page{
				list("", "/keys", "search", "grace"),
				list("", "/keys", "sort", "name"),
				list("", "/audit"),
				{"", "/usage", with("owner", "owner-777", "group_by", "day")},
				{"", "/usage", with("owner", "owner-778", "group_by", "key,month")},
				{"", "/usage", with("group_by", "day")}, // all keys
			} {
				if _, _, err := d.reader.get(ctx, report.path, report.query); err != nil {
					if ctx.Err() == nil {
						failed = fmt.Errorf("%s?%s: %w", report.path, report.query.Encode(), err)
					}
					return
				}
				read++
			}
		}
	})
	return func() (int, error) {
		cancel()
		reading.Wait()
		return read, failed
	}
}

// updates are those of the rows of a table.
type updates struct {
	table          string
	rows, heapOnly int64
}

// share returns how many in a hundred were heap-only tuples.
func (u *updates) share() float64 { return 100 * float64(u.heapOnly) / float64(u.rows) }

func (d *decisions) updates(ctx context.Context) (tables []updates, err error) {
	if d.hot == "" {
		return nil, nil
	}
	rows, err := d.db.QueryContext(ctx, d.hot)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var table updates
		if err := rows.Scan(&table.table, &table.rows, &table.heapOnly); err != nil {
			return nil, err
		}
		tables = append(tables, table)
	}
	return tables, rows.Err()
}
