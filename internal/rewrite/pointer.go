package rewrite

import (
	"strings"

	"github.com/ration-dev/ration"
)

// pointer is a JSON pointer (RFC 6901) as its unescaped tokens. It never is empty.
type pointer []string

// maxTokens bounds how deep a pointer goes.
const maxTokens = 32

func parsePointer(text string) (pointer, error) {
	wrong := func(reason string) (pointer, error) {
		return nil, &ration.InvalidError{Field: "pointer", Value: text, Reason: reason}
	}
	if !strings.HasPrefix(text, "/") {
		return wrong(`a JSON pointer starts with "/", such as "/quota/remaining"`)
	}
	tokens := strings.Split(text[1:], "/")
	if len(tokens) > maxTokens {
		return wrong("a JSON pointer has at most 32 parts")
	}
	for i, token := range tokens {
		rest := strings.NewReplacer("~0", "", "~1", "").Replace(token)
		if strings.Contains(rest, "~") {
			return wrong(`in a JSON pointer "~" is written "~0" and a "/" within a name "~1"`)
		}
		tokens[i] = strings.NewReplacer("~0", "~", "~1", "/").Replace(token)
	}
	return tokens, nil
}
