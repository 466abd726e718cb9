package adminapi

import (
	"regexp"

	"github.com/ration-dev/ration"
)

// words are where a text may hold a secret.
var words = regexp.MustCompile(`\w{20,}`)

// withoutSecrets takes out of a text what may be the secret of a key or a token: whoever
// sends one in the wrong place must not find it in logs of what was answered.
func withoutSecrets(text string) string {
	return words.ReplaceAllStringFunc(text, func(word string) string {
		if ration.SecretFromText(word).Generated() {
			return "[secret]"
		}
		return word
	})
}
