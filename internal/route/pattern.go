package route

import (
	"errors"
	"slices"
	"strings"
)

const wildcard = "*"

// pattern is a path pattern in segments: "/a/*/b" has "a", "*" and "b".
type pattern struct {
	text     string
	segments []string // without the final "*" of a prefix
	prefix   bool     // stands for everything below the segments
	folded   []string // the segments as readings have them, without an empty one at the end
	wild     bool     // a segment is "*"
}

// parsePattern reads a pattern. Its errors say what is allowed.
func parsePattern(text string) (pattern, error) {
	if err := checkWords(text); err != nil {
		return pattern{}, err
	}
	p := pattern{text: text, segments: strings.Split(text[1:], "/")}
	if last := len(p.segments) - 1; p.segments[last] == wildcard {
		p.prefix, p.segments = true, p.segments[:last]
	}
	before := "/"
	for i, segment := range p.segments {
		last := i == len(p.segments)-1 && !p.prefix
		read, err := readSegment(before, segment, last)
		if err != nil {
			return pattern{}, err
		}
		if read == wildcard {
			p.wild = true
		} else if reason := ambiguousSegment(read, last); reason != "" {
			return pattern{}, errors.New("no request can have this path: " + reason)
		}
		p.segments[i] = read
		before += segment + "/"
	}
	p.folded = segmentsOf("/" + strings.Join(p.segments, "/"))
	return p, nil
}

// matches compares segment by segment. A "*" is never an empty segment; what is
// below a prefix may be.
func (p pattern) matches(path string) bool {
	if p.exact() {
		return path == p.text
	}
	return p.matchesSegments(path)
}

// exact reports whether p stands for one path only.
func (p pattern) exact() bool { return !p.wild && !p.prefix }

func (p pattern) matchesSegments(path string) bool {
	rest, found := strings.CutPrefix(path, "/")
	if !found {
		return false
	}
	for i, want := range p.segments {
		segment, after, more := strings.Cut(rest, "/")
		if want != wildcard && segment != want || want == wildcard && segment == "" {
			return false
		}
		if !more {
			return i == len(p.segments)-1 && !p.prefix
		}
		rest = after
		if i == len(p.segments)-1 {
			return p.prefix
		}
	}
	return p.prefix
}

// covers reports whether p matches all that other matches.
func (p pattern) covers(other pattern) bool {
	if other.prefix && !p.prefix || len(other.segments) < len(p.segments) || !p.prefix && len(other.segments) != len(p.segments) {
		return false
	}
	if p.prefix && !other.prefix && len(other.segments) == len(p.segments) {
		return false // "/a/*" is not "/a"
	}
	return !slices.ContainsFunc(zip(p.segments, other.segments), func(pair [2]string) bool {
		return pair[0] != pair[1] && pair[0] != wildcard
	})
}

func zip(a, b []string) [][2]string {
	pairs := make([][2]string, min(len(a), len(b)))
	for i := range pairs {
		pairs[i] = [2]string{a[i], b[i]}
	}
	return pairs
}
