package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/sheet"
)

// format is what -o asks for.
type format string

const (
	formatTable format = "table"
	formatJSON  format = "json"
	formatCSV   format = "csv"
)

// String implements pflag.Value.
func (f *format) String() string { return string(*f) }

// Set implements pflag.Value.
func (f *format) Set(text string) error {
	switch format(text) {
	case formatTable, formatJSON, formatCSV:
		*f = format(text)
		return nil
	}
	return fmt.Errorf("use table, json or csv")
}

// Type implements pflag.Value.
func (f *format) Type() string { return "format" }

// column is one column of a list. A wide one is only in CSV.
type column struct {
	name string // as in JSON
	wide bool
}

// listing is a list in all its forms.
type listing struct {
	value   any // for JSON: types of package api
	columns []column
	rows    [][]string // for tables and CSV; first the id
	empty   string     // what a table says without rows; empty: somebody else says it
}

// listingOf is the list of some items.
func listingOf[T any](table sheet.Table[T], value any, items []T, empty string) listing {
	list := listing{value: value, empty: empty}
	for _, c := range table {
		list.columns = append(list.columns, column{name: c.Name, wide: c.Wide})
	}
	for i := range items {
		list.rows = append(list.rows, table.Row(&items[i]))
	}
	return list
}

// show prints a list in the form that was asked for.
func (a *app) show(list listing) error {
	switch {
	case a.format == formatJSON:
		return a.showJSON(list.value)
	case a.format == formatCSV:
		return a.showCSV(list)
	case a.quiet:
		for _, row := range list.rows {
			fmt.Fprintln(a.stdout, visible(row[0]))
		}
		return nil
	case len(list.rows) == 0:
		if list.empty != "" {
			a.say("%s", list.empty)
		}
		return nil
	}
	return showTable(a.stdout, list)
}

// say tells people what happened, on the standard error, so that scripts can
// read the standard output.
func (a *app) say(format string, values ...any) {
	if !a.quiet {
		fmt.Fprintf(a.stderr, format+"\n", values...)
	}
}

func (a *app) showJSON(value any) error {
	encoder := json.NewEncoder(a.stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

func (a *app) showCSV(list listing) error {
	writer := sheet.NewWriter(a.stdout)
	header := make([]string, len(list.columns))
	for i, column := range list.columns {
		header[i] = column.name
	}
	writer.Write(header)
	for _, row := range list.rows {
		writer.Write(row)
	}
	return writer.Flush()
}

func showTable(w io.Writer, list listing) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	titles := make([]string, len(list.columns))
	for i, column := range list.columns {
		titles[i] = strings.ToUpper(strings.ReplaceAll(column.name, "_", " "))
	}
	for _, row := range append([][]string{titles}, list.rows...) {
		cells := make([]string, 0, len(row))
		for i, cell := range row {
			if !list.columns[i].wide {
				cells = append(cells, orDash(visible(cell)))
			}
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	return table.Flush()
}

// visible replaces what could act on a terminal: names are checked when they
// are set, and imported ones were not ours to check.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func instantText(t *time.Time) string { return sheet.Instant(t) }

// showSecret prints a new secret, alone on its line.
func (a *app) showSecret(secret ration.Secret) error { return a.showText(secret.Reveal()) }

func (a *app) showText(text string) error {
	_, err := fmt.Fprintln(a.stdout, text)
	return err
}
