package redact

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// gram is how many characters of a password in a row may never be shown.
const gram = 4

// hidden stands for what is not shown.
const hidden = "…"

// Secrets are the passwords that locations may have. The zero value has none.
type Secrets struct{ grams map[[gram]rune]bool }

// Of returns what may be a password in a location: a URL, whose password ends at
// the last "@" in whatever follows, since one that isn't encoded can have any
// character; or a list of name=value, whose last value may have spaces.
func Of(locations ...string) Secrets {
	s := Secrets{grams: make(map[[gram]rune]bool)}
	for _, location := range locations {
		for _, text := range passwords(location) {
			s.add(text)
			s.add(decoded(text, url.PathUnescape))
			s.add(decoded(text, url.QueryUnescape))
		}
	}
	return s
}

// Holds reports whether a text looks like a location that has a password.
func Holds(text string) bool { return len(passwords(text)) > 0 }

// scheme is what a URL begins with. Anything else before a colon may be a user.
var scheme = regexp.MustCompile(`(?i)^\s*(?:postgres|postgresql|https?)://`)

var parameter = regexp.MustCompile(`(?i)(?:pass|password|passwd|passphrase|pwd|secret|token)\s*=`)

func passwords(location string) (found []string) {
	found = between(scheme.ReplaceAllString(location, ""))
	for _, at := range parameter.FindAllStringIndex(location, -1) {
		found = append(found, location[at[1]:])
	}
	return found
}

// between returns what stands between the user's name and the host, where there
// is one. A location without a scheme may have a name before the first colon, too.
func between(rest string) []string {
	start, end := strings.IndexByte(rest, ':'), strings.LastIndexByte(rest, '@')
	if start < 0 || end < start+1 {
		return nil
	}
	return []string{rest[start+1 : end]}
}

// decoded decodes what can be: a stray percent sign spoils nothing else.
func decoded(text string, decode func(string) (string, error)) string {
	if whole, err := decode(text); err == nil {
		return whole
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if i+3 <= len(text) && text[i] == '%' {
			if one, err := decode(text[i : i+3]); err == nil {
				out.WriteString(one)
				i += 2
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

func (s Secrets) add(text string) {
	letters := folded(text)
	for i := 0; i+gram <= len(letters); i++ {
		s.grams[[gram]rune(letters[i:i+gram])] = true
	}
}

// Text returns a text without what may be of a password.
func (s Secrets) Text(text string) string {
	letters := folded(text)
	covered := 0 // letters before it are hidden
	var out strings.Builder
	shown := []rune(text)
	for i := range letters {
		if i+gram <= len(letters) && s.grams[[gram]rune(letters[i:i+gram])] {
			if covered <= i {
				out.WriteString(hidden)
			}
			covered = i + gram
		}
		if i >= covered {
			out.WriteRune(shown[i])
		}
	}
	return out.String()
}

// folded compares without case: a host's name may come back in small letters.
func folded(text string) []rune {
	letters := []rune(text)
	for i, letter := range letters {
		letters[i] = unicode.ToLower(letter)
	}
	return letters
}
