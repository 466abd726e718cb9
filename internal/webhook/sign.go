package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/ration-dev/ration"
)

// The headers of Standard Webhooks.
const (
	idHeader        = "webhook-id"
	timestampHeader = "webhook-timestamp"
	signatureHeader = "webhook-signature"
)

// secretPrefix begins the text of a secret. What follows is its bytes in base64.
const secretPrefix = "whsec_"

// errSecret doesn't show the secret.
var errSecret = errors.New(`the webhook's secret is not "whsec_" and base64; rotate it`)

// sign returns the value of the signature header: a signature by each secret, so that a
// receiver that knows one of them accepts the message.
func sign(secrets []ration.Secret, id string, at time.Time, body []byte) (string, error) {
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret.Reveal(), secretPrefix))
		if err != nil || len(key) == 0 {
			return "", errSecret
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(body)
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	if len(signatures) == 0 {
		return "", errSecret
	}
	return strings.Join(signatures, " "), nil
}
