package route

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// The words in which frameworks write a segment.
var (
	// oneSegment is any one segment: "{id}" of OpenAPI, FastAPI, Go, Laravel and
	// Spring, ":id" of Express, Rails and Gin.
	oneSegment = regexp.MustCompile(`^(\{[A-Za-z_][A-Za-z0-9_-]*\}|:[A-Za-z_][A-Za-z0-9_]*)$`)
	// constrained is any one segment of some form, or one that may be missing.
	constrained = regexp.MustCompile(`^(\$?\{([A-Za-z_]\w*)?[:=?<!].*\}|\$?\{\w*\??\}|:\w+(\?|\(.*\)\??)|<[\w:.()]*>|\[\w*\]|\(.*[\\:?|].*\)|\[[^\]]*\][+*]?|\\[dwsDWS][+*]?)$`)
	// several is any number of segments.
	several = regexp.MustCompile(`^(\{\w*(\.\.\.|\*|\+)\}|\{\*+\w*\}|\{\w+:(path|\.[*+])\}|\{\w+=\*\*\}|\*\*|\*\w+|:\w+[*+]|:\w+\(\.[*+]\)|<path:\w*>|\[\[?\.\.\.\w*\]?\]|\(?\.[*+]\)?|\(\.\*\)\$)$`)
	// notASegment is what no path is written with, or only in regular expressions.
	notASegment = regexp.MustCompile("[{}<>\\[\\]^|?\"`]|\\.[*+]|\\(\\?|\\(:|\\(\\.|\\$$")
	// withMethod is a path after a method.
	withMethod = regexp.MustCompile(`^([A-Za-z]{3,10})\s+(/\S*)$`)
	// wholeURL is a path after a host.
	wholeURL = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://[^/]*(/.*)?$`)
)

// checkWords refuses what is no path at all, in words that say what to write.
func checkWords(text string) error {
	if parts := withMethod.FindStringSubmatch(text); parts != nil {
		return fmt.Errorf("write only the path %q, and the method as methods: [%s]", parts[2], strings.ToUpper(parts[1]))
	}
	if parts := wholeURL.FindStringSubmatch(text); parts != nil {
		return fmt.Errorf("write only the path, %q; a route applies to every host", "/"+strings.TrimPrefix(parts[1], "/"))
	}
	switch before, _, query := strings.Cut(text, "?"); {
	case query && strings.HasPrefix(before, "/") && !strings.Contains(text, "?}"):
		return fmt.Errorf(`a route's path has no query and no optional parts: leave out the "?" and what follows it, such as %q, or write a route for each form`, before)
	case strings.Contains(text, "#"):
		return errors.New(`no request can have a "#" in its path; leave it out, and what follows it`)
	case strings.TrimSpace(text) != text:
		return errors.New("leave out the spaces around it")
	case strings.HasPrefix(text, "^"):
		return errors.New(`a path is not a regular expression: it starts with "/", and "*" stands for any one segment, or at the end for everything below`)
	case !utf8.ValidString(text):
		return errors.New("no request can have this path: it is not UTF-8")
	case text == "":
		return errors.New(`a path starts with "/"`)
	case !strings.HasPrefix(text, "/"):
		return fmt.Errorf(`a path starts with "/", such as %q`, "/"+text)
	case strings.Contains(text, "%"):
		return errors.New("write the path decoded, without percent signs")
	case strings.Contains(text, ",/"), strings.Contains(text, " /"):
		return errors.New("write one path in each route")
	}
	return nil
}

// readSegment returns a segment of a pattern in our words: "*" for any one.
// before is the pattern as far as the segment.
func readSegment(before, segment string, last bool) (string, error) {
	switch {
	case oneSegment.MatchString(segment):
		return wildcard, nil
	case segment == "{$}":
		return "", fmt.Errorf(`a path without "*" at the end is exact; write %q`, before)
	case several.MatchString(segment) && last:
		return "", fmt.Errorf(`%q is none of our words: write %q, which stands for everything below`, segment, before+wildcard)
	case several.MatchString(segment):
		return "", fmt.Errorf(`%q stands for several segments, which only a "*" at the end does; write "*" or "{name}" for each segment`, segment)
	case constrained.MatchString(segment):
		return "", fmt.Errorf(`%q is none of our words: write "*" or "{name}", which take any one segment`, segment)
	case segment != wildcard && strings.Contains(segment, wildcard):
		return "", fmt.Errorf(`"*" stands for a whole segment; write %q for everything below`, before+wildcard)
	case strings.HasPrefix(segment, ":"):
		return "", errors.New(`":name" stands for a whole segment; write "*" or "{name}" in its place`)
	case strings.Trim(segment, " ") != segment:
		return "", errors.New("a segment has no spaces around it")
	case notASegment.MatchString(segment) || strings.Count(segment, "(") != strings.Count(segment, ")"):
		return "", fmt.Errorf(`%q is neither a segment nor one of our words: a path is no regular expression, "*" or "{name}" takes any one whole segment, and "*" at the end everything below`, segment)
	}
	return segment, nil
}
