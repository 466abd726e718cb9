package keyimport

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/ration-dev/ration"
)

const (
	// Below these a secret can be guessed: 16 random hexadecimal digits are 64 bits.
	leastSecretLength  = 16
	leastSecretVariety = 8 // different bytes
)

// secretProblem says why no client could use the secret, or nothing.
func secretProblem(secret ration.Secret, prefix string) string {
	text := secret.Reveal()
	switch {
	case secret.IsZero():
		return "a key needs a secret"
	case len(text) > ration.MaxSecretLength:
		return fmt.Sprintf("a secret has at most %d bytes, this one %d", ration.MaxSecretLength, len(text))
	case !printable(text):
		return "use valid UTF-8 and no control characters: no header could carry them"
	case text != strings.TrimSpace(text):
		return "it begins or ends with a space, which no header could carry"
	case secret.Malformed(prefix):
		return fmt.Sprintf("it begins with %q as Ration's own secrets do and fails their checksum; it would always be refused", prefix+"_")
	}
	return ""
}

// secretWeakness says why the secret may be guessed, or nothing.
func secretWeakness(text string) string {
	if len(text) < leastSecretLength {
		return fmt.Sprintf("it has fewer than %d bytes and may be guessed; rotate it soon", leastSecretLength)
	}
	seen := map[byte]bool{}
	for i := range len(text) {
		seen[text[i]] = true
	}
	if len(seen) < leastSecretVariety {
		return fmt.Sprintf("it has fewer than %d different bytes and may be guessed; rotate it soon", leastSecretVariety)
	}
	return ""
}

// isDigest reports whether text could be a SHA-256 digest.
func isDigest(text string) bool {
	digest, err := hex.DecodeString(text)
	return err == nil && len(digest) == len(ration.Digest{})
}
