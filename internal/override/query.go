package override

import (
	"path"
	"slices"
	"strings"
)

// routers are parameters, folded, from which front controllers take a path, and
// which others use for words of their own: "s" of ThinkPHP, "r" of Yii, "q" of
// Drupal, "url" of CakePHP, "_url" of Phalcon, "route" of OpenCart, "u" of Limonade,
// and what applications without a framework call it. Where true, a path of one
// segment counts too, which in the others is too often a word.
var routers = map[string]bool{
	"s": false, "q": false, "u": false, "url": false, "uri": false, "path": false, "page": false, "_escaped_fragment_": false,
	"r": true, "route": true, "_route": true, "_route_": true, "_url": true, "_uri": true, "_path": true,
	"path_info": true, "pathinfo": true, "orig_path_info": true, "request_uri": true, "script_url": true, "redirect_url": true,
}

// maxDecodings bounds how often a value is decoded: each reader on the way may do it.
const maxDecodings = 3

// InQuery reports whether a query has one of the names that the words are.
func InQuery(raw string, words Words) bool {
	for parameter := range parameters(raw) {
		name, _, _ := strings.Cut(parameter, "=")
		if words.isEncodedName(name) {
			return true
		}
	}
	return false
}

// PathsInQuery returns the paths that a front controller may find in a query, as
// "/v1/x": what stands in it without a value ("/index.php?/v1/x"), and what such
// parameters have whose names others use too ("?r=v1/x"). It is for the caller to say
// whether one of them matters.
func PathsInQuery(raw string) (paths []string) {
	for parameter := range parameters(raw) {
		name, value, _ := strings.Cut(parameter, "=")
		for _, name := range decodings(name) {
			if strings.ContainsAny(name, separators) {
				paths = append(paths, toPath(name))
			}
		}
		name, _, _ = strings.Cut(unescape(strings.ReplaceAll(name, "+", " ")), "[")
		word, known := routers[foldName(strings.TrimRight(name, " \t\r\n\x00"))]
		if !known {
			continue
		}
		for _, value := range decodings(value) {
			if value != "" && (word || strings.ContainsAny(value, separators)) {
				paths = append(paths, toPath(value))
			}
		}
	}
	return paths
}

func parameters(raw string) func(func(string) bool) {
	return strings.FieldsFuncSeq(raw, func(c rune) bool { return c == '&' || c == ';' })
}

// decodings returns a text as one reader, and the next, has it.
func decodings(raw string) []string {
	all := []string{unescape(strings.ReplaceAll(raw, "+", " "))}
	for len(all) < maxDecodings {
		next := unescape(all[len(all)-1])
		if slices.Contains(all, next) {
			break
		}
		all = append(all, next)
	}
	return all
}

// separators part segments: ThinkPHP takes "|" for "/".
const separators = `/\|`

// toPath returns a path as a front controller finds it in a text.
func toPath(text string) string {
	if end := strings.IndexAny(text, "?#&"); end > 0 {
		text = text[:end]
	}
	return path.Clean("/" + strings.NewReplacer(`\`, "/", "|", "/", "\x00", "").Replace(strings.TrimSpace(text)))
}
