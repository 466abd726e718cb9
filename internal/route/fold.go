package route

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// fold returns what the most generous reader would find in a segment: without
// regard to letter case, to how characters are composed or how wide they are, and
// to accents and what doesn't show; without the dots and spaces at the end that
// Windows drops, and without the stream of a file that it adds. A "+" is a space.
func fold(segment string) string {
	folded := strings.ReplaceAll(foldLetters(segment), "+", " ")
	if name, stream, found := strings.Cut(folded, ":"); found && strings.Contains(stream, "$") {
		folded = name
	}
	return trimEnds(folded)
}

// trimEnds drops what Windows doesn't take for a part of a name.
func trimEnds(segment string) string { return strings.TrimRight(strings.TrimLeft(segment, " "), " .") }

// foldLetters folds one character at a time, so that "K" (the Kelvin sign), "ſ"
// and "ａ" are what a case-insensitive or normalising reader takes them for.
func foldLetters(segment string) string {
	if isASCII(segment) {
		return strings.ToLower(segment)
	}
	decomposed := norm.NFKD.String(cases.Fold().String(norm.NFKD.String(segment)))
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point):
			return -1
		case r == 'ı': // what a Turkish reader makes of "I"
			return 'i'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, decomposed)
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
