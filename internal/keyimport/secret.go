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

// secretDoubt says why the secret may have been cut or mistyped, or nothing. The
// prefix is that of secrets made here, which secrets of others may share.
func secretDoubt(secret ration.Secret, prefix string) string {
	if strings.HasPrefix(secret.Reveal(), prefix+"_") && !secret.Generated() {
		return fmt.Sprintf("it begins with %q as Ration's own secrets do, but it isn't one; if it should be, it was cut off or mistyped", prefix+"_")
	}
	return ""
}

// isDigest reports whether text could be a SHA-256 digest.
func isDigest(text string) bool {
	digest, err := hex.DecodeString(text)
	return err == nil && len(digest) == len(ration.Digest{})
}
