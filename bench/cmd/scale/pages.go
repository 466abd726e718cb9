package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// reader asks the admin API.
type reader struct {
	url, token string
	keys       int
}

// page is a list with its parameters. Each round reads the page after the last round's.
type page struct {
	name, path string
	query      url.Values
}

// pages are lists of which at least one is hard: what is rare among many, what is searched
// by one letter, and what two words select.
func pages() []page {
	keys := func(name string, parameters ...string) page { return list("keys, "+name, "/keys", parameters...) }
	return []page{
		keys("all"),
		keys("of an owner of a tenth", "owner", "acme"),
		keys("of an owner of 20", "owner", "owner-777"),
		keys("of a rare plan", "plan", "gold"),
		keys("disabled, of a rare plan", "plan", "gold", "status", "disabled"),
		keys("without a limit", "unlimited", "any"),
		keys("by name", "sort", "name"),
		keys("by owner, backwards", "sort", "-owner"),
		keys("found by a letter", "search", "a"),
		keys("found by a name", "search", "grace"),
		keys("found by two words", "search", "grace hop"),
		keys("found by two words, revoked", "search", "ada lovelace", "status", "revoked"),
		keys("found by a number", "search", "77777"),
		keys("found by nothing", "search", "nobody"),
		list("plans", "/plans"),
		list("usage by day", "/usage/days"),
		list("usage by day of an owner", "/usage/days", "owner", "owner-777"),
		list("audit log", "/audit"),
		list("audit log of an actor", "/audit", "actor", "token:billing"),
		list("reservations", "/reservations"),
	}
}

func list(name, path string, parameters ...string) page {
	query := url.Values{}
	for pair := range slices.Chunk(parameters, 2) {
		query.Set(pair[0], pair[1])
	}
	return page{name, path, query}
}

// measurePages prints what pages take. All take turns, so that a noisy neighbour disturbs
// all.
func measurePages(ctx context.Context, s *settings, reader *reader, db *sql.DB, keyRow string) error {
	lists := pages()
	times, items := make([][]time.Duration, len(lists)), make([]int, len(lists))
	var keys, rows []time.Duration
	for range s.rounds {
		took, _, err := reader.get(ctx, "/keys/key_"+dashed(keyID(reader.anyKey())), nil)
		if err != nil {
			return err
		}
		keys = append(keys, took)
		start := time.Now()
		var name, owner, plan, status string
		if err := db.QueryRowContext(ctx, keyRow, keyID(reader.anyKey())).Scan(&name, &owner, &plan, &status); err != nil {
			return err
		}
		rows = append(rows, time.Since(start))
		for i := range lists {
			took, answer, err := reader.get(ctx, lists[i].path, lists[i].query)
			if err != nil {
				return fmt.Errorf("%s: %w", lists[i].name, err)
			}
			times[i], items[i] = append(times[i], took), items[i]+len(answer.Items)
			lists[i].query.Del("cursor")
			if answer.Next != "" {
				lists[i].query.Set("cursor", answer.Next)
			}
		}
	}
	key, row := median(keys), median(rows)
	fmt.Printf(".\n\nA key by its id: %s. A row by its primary key, in SQL: %s.\n\n| page | median | × a key | × a row | worst | items |\n|---|---|---|---|---|---|\n", key, row)
	for i, list := range lists {
		took := median(times[i])
		fmt.Printf("| %s | %s | %.1f | %.0f | %s | %d |\n", list.name, took, float64(took)/float64(key), float64(took)/float64(row), slices.Max(times[i]), items[i]/s.rounds)
	}
	return nil
}

// answer is what is read of a page.
type answer struct {
	Items []json.RawMessage `json:"items"`
	Next  string            `json:"next_cursor"`
}

// get reads one page, and returns what that took, with the reading of its last byte.
func (r *reader) get(ctx context.Context, path string, query url.Values) (took time.Duration, page answer, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+path+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return 0, page, err
	}
	request.Header.Set("Authorization", "Bearer "+r.token)
	start := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, page, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	took = time.Since(start)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	if err != nil {
		return 0, page, err
	}
	err = json.Unmarshal(body, &page)
	return took, page, err
}

// anyKey returns the number of a key.
func (r *reader) anyKey() int { return rand.IntN(r.keys) } //nolint:gosec // no secret

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2].Round(time.Microsecond)
}

// dashed returns the digits of a UUID as they are written.
func dashed(digits string) string {
	return digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:]
}
