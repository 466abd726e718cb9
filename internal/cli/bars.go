package cli

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

const (
	leastBar = 8  // columns; in fewer, a bar says nothing
	mostBar  = 40 // columns; longer ones are no easier to compare
)

// barEnds are the ends of a bar, in eighths of a column.
var barEnds = [...]string{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"}

// withBars adds a bar to each row of a table that has a share, from 0 to 1, if the
// table goes to a terminal that has room for bars beside it.
func (a *app) withBars(table []byte, shares []float64) []byte {
	lines := bytes.Split(bytes.TrimSuffix(table, []byte("\n")), []byte("\n"))
	wide := 0
	for _, line := range lines {
		wide = max(wide, utf8.RuneCount(line))
	}
	room := min(terminalWidth(a.stdout)-wide-3, mostBar) // 2 between, and the last column is left free
	if room < leastBar {
		return table
	}
	paint, plain := "\x1b[36m", "\x1b[0m"
	if !a.colors() {
		paint, plain = "", ""
	}
	for i, share := range shares {
		line := lines[i+1] // after the titles
		if bar := barOf(share, room); bar != "" {
			gap := strings.Repeat(" ", wide-utf8.RuneCount(line)+2)
			lines[i+1] = append(slices.Clip(line), gap+paint+bar+plain...)
		}
	}
	return append(bytes.Join(lines, []byte("\n")), '\n')
}

// barOf draws a share of a width. Something is never drawn as nothing.
func barOf(share float64, width int) string {
	eighths := int(share*float64(width)*8 + 0.5)
	if share > 0 {
		eighths = max(eighths, 1)
	}
	return strings.Repeat("█", eighths/8) + barEnds[eighths%8]
}

// terminalWidth returns how many columns a terminal has, and 0 if it is none.
func terminalWidth(stream io.Writer) int {
	file, ok := stream.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// colors reports whether a terminal may be sent colours: see no-color.org.
func (a *app) colors() bool {
	for _, entry := range a.environment {
		name, value, _ := strings.Cut(entry, "=")
		if name == "NO_COLOR" && value != "" || name == "TERM" && value == "dumb" {
			return false
		}
	}
	return true
}
