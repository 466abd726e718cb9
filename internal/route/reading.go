package route

import (
	"regexp"
	"slices"
	"strings"
)

// maxScripts is how many segments of a path may be names of scripts. No API has
// more than one, and each is one more reading.
const maxScripts = 8

// readings are the segments, folded, that upstreams may find in a path.
type readings struct {
	whole [][]string // of the path as it stands
	inner [][]string // of what a front controller finds behind its own name
}

var (
	// session is what ASP.NET takes out of a path: "/(S(abc))/x".
	session = regexp.MustCompile(`^\(([a-z]\([^()]*\))+\)$`)
	// short is a name that Windows gives a longer one, such as "PROGRA~1".
	short = regexp.MustCompile(`^([^~.]{1,6})~[0-9]{1,6}(\.[^.]{0,3})?$`)
	// index is what a directory, or a controller, answers its own name with.
	index = regexp.MustCompile(`^(index(\..*)?|default\..*|__data\.json|_payload\.js(on)?|page-data\.json)$`)
	// extension is the end of a file's name that a server may add by itself.
	extension = regexp.MustCompile(`\.[a-z][a-z0-9]{0,4}$`)
	// endings are one such, or several: a server may take "x" for "x.php" and "x.en.html".
	endings = regexp.MustCompile(`^( *\.[a-z][a-z0-9]{0,7})+$`)
)

// isScript reports whether a segment names a program that reads what follows as
// its path, as "/index.php/v1/x" does. Some servers find index.php by "index".
func isScript(segment string) bool {
	name, ending := cutLast(segment)
	if segment == "index" {
		return true
	}
	switch ending {
	case "php", "php3", "php4", "php5", "php7", "php8", "phtml", "phar", "phps", "pht", "cgi", "fcgi", "fpl", "pl", "py", "rb", "lua", "sh", "exe", "dll",
		"asp", "aspx", "ashx", "asmx", "svc", "axd", "jsp", "jspx", "do", "action", "cfm", "cfc":
		return name != ""
	}
	return false
}

// cutLast cuts a name from its ending.
func cutLast(segment string) (name, ending string) {
	i := strings.LastIndexByte(segment, '.')
	if i < 0 {
		return segment, ""
	}
	return segment[:i], segment[i+1:]
}

// readingsOf returns how a path may be read. Its error is an [AmbiguousPathError].
func readingsOf(path string) (readings, error) {
	found := readings{whole: [][]string{segmentsOf(path)}}
	if end := strings.IndexAny(path, "?#"); end >= 0 { // for one who decodes before looking for the end
		found.whole = append(found.whole, segmentsOf(path[:end]))
	}
	for _, segments := range found.whole {
		scripts := 0
		for i, segment := range segments {
			behind := i + 1
			switch {
			case segment == "cgi-bin":
				behind = i + 2
			case segment == "data" && i > 0 && segments[i-1] == "_next": // and the name of a build
				behind = i + 2
			case !isScript(segment):
				continue
			}
			if scripts++; scripts > maxScripts {
				return readings{}, &AmbiguousPathError{Reason: "it names many scripts"}
			}
			if behind < len(segments) || i == 0 && behind == 1 { // the name alone is the root of what is there
				found.inner = append(found.inner, segments[behind:])
			}
		}
	}
	return found, nil
}

// segmentsOf takes a path apart, without a slash at its end.
func segmentsOf(path string) []string {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	for i := range segments {
		segments[i] = fold(segments[i])
	}
	segments = slices.DeleteFunc(segments, func(segment string) bool { return strings.HasPrefix(segment, "(") && session.MatchString(segment) })
	for len(segments) > 0 && segments[len(segments)-1] == "" {
		segments = segments[:len(segments)-1]
	}
	return segments
}

// near reports whether a reading is one of the pattern's own path, or of what an
// upstream may answer in the same way.
func (p pattern) near(reading []string) bool {
	n := len(p.folded)
	if len(reading) < n || !p.nearSegments(reading) {
		return false
	}
	switch {
	case len(reading) == n || p.prefix:
		return true
	case len(reading) == n+1 && (index.MatchString(reading[n]) || n > 0 && strings.HasPrefix(reading[n], ".")): // of "/ask/.json" the name is empty
		return true
	}
	return n > 0 && (isScript(p.folded[n-1]) || isScript(reading[n-1])) // what follows is a script's to read
}

// nearSegments compares as many segments as the pattern has. One of a reading may
// have endings more, which name a format, or one less, which the server adds: the
// last one any endings, one before it such as files have, so that "/v1.1/x" is not
// "/v1/x".
func (p pattern) nearSegments(reading []string) bool {
	for i, want := range p.folded {
		got := reading[i]
		if want == wildcard && got != "" || got == want || isShortFor(got, want) {
			continue
		}
		ending, longer := strings.CutPrefix(got, want)
		ending = strings.TrimLeft(ending, " ") // which some drop once the ending is gone
		if longer && (endings.MatchString(ending) || i == len(reading)-1 && strings.HasPrefix(ending, ".")) || extension.ReplaceAllString(want, "") == got {
			continue
		}
		return false
	}
	return true
}

// isShortFor reports whether a name may be the one that Windows gives another:
// its first letters, at least two of which stay.
func isShortFor(name, of string) bool {
	parts := short.FindStringSubmatch(name)
	if parts == nil {
		return false
	}
	of = strings.NewReplacer(" ", "", ".", "").Replace(of)
	letters := min(2, len(parts[1]), len(of))
	return letters > 0 && strings.HasPrefix(of, parts[1][:letters])
}
