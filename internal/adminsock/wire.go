package adminsock

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// request asks for an operation.
type request struct {
	Actor string          `json:"actor,omitempty"` // of changes
	Input json.RawMessage `json:"input"`
}

// reply answers a request: with the output, or with an error.
type reply struct {
	Output json.RawMessage `json:"output,omitempty"`
	Error  *wireError      `json:"error,omitempty"`
}

// issuedSecret and issuedToken carry a new secret in plain text, which
// ration.Secret keeps out of JSON on purpose: here it has to reach the person
// who asked for it, over a socket that is that person's alone.
type issuedSecret struct {
	Key      admin.KeyRecord `json:"key"`
	SecretID ration.SecretID `json:"secret_id"`
	Secret   string          `json:"secret"`
}

type issuedToken struct {
	Token  admin.Token `json:"token"`
	Secret string      `json:"secret"`
}

func revealSecret(issued admin.IssuedSecret) issuedSecret {
	return issuedSecret{Key: issued.Key, SecretID: issued.SecretID, Secret: issued.Secret.Reveal()}
}

func (i issuedSecret) conceal() admin.IssuedSecret {
	return admin.IssuedSecret{Key: i.Key, SecretID: i.SecretID, Secret: ration.SecretFromText(i.Secret)}
}

func revealToken(issued admin.IssuedToken) issuedToken {
	return issuedToken{Token: issued.Token, Secret: issued.Secret.Reveal()}
}

func (i issuedToken) conceal() admin.IssuedToken {
	return admin.IssuedToken{Token: i.Token, Secret: ration.SecretFromText(i.Secret)}
}

// keysImport carries secrets the other way.
type keysImport struct {
	Keys   []importedKey `json:"keys"`
	Before int           `json:"before"`
	DryRun bool          `json:"dry_run"`
}

type importedKey struct {
	Name      string        `json:"name"`
	Owner     string        `json:"owner"`
	Plan      string        `json:"plan"`
	Status    ration.Status `json:"status"`
	Scopes    []string      `json:"scopes"`
	CreatedAt time.Time     `json:"created_at"`
	Secret    string        `json:"secret"`
	Digest    ration.Digest `json:"digest"`
	Unlimited bool          `json:"unlimited"`
}

func revealImport(keys admin.KeysImport) keysImport {
	wire := keysImport{Keys: make([]importedKey, len(keys.Keys)), Before: keys.Before, DryRun: keys.DryRun}
	for i, k := range keys.Keys {
		wire.Keys[i] = importedKey{k.Name, k.Owner, k.Plan, k.Status, k.Scopes, k.CreatedAt, k.Secret.Reveal(), k.Digest, k.Unlimited}
	}
	return wire
}

func (k keysImport) conceal() admin.KeysImport {
	keys := admin.KeysImport{Keys: make([]admin.ImportedKey, len(k.Keys)), Before: k.Before, DryRun: k.DryRun}
	for i, k := range k.Keys {
		keys.Keys[i] = admin.ImportedKey{
			Name: k.Name, Owner: k.Owner, Plan: k.Plan, Status: k.Status, Scopes: k.Scopes, CreatedAt: k.CreatedAt,
			Secret: ration.SecretFromText(k.Secret), Digest: k.Digest, Unlimited: k.Unlimited,
		}
	}
	return keys
}

func revealSecrets(secrets []ration.Secret) []string {
	texts := make([]string, len(secrets))
	for i, secret := range secrets {
		texts[i] = secret.Reveal()
	}
	return texts
}

func concealSecrets(texts []string) []ration.Secret {
	secrets := make([]ration.Secret, len(texts))
	for i, text := range texts {
		secrets[i] = ration.SecretFromText(text)
	}
	return secrets
}

// wireError keeps what callers ask of an error: its text, and what errors.Is and
// errors.As find in it.
type wireError struct {
	Text    string               `json:"text"`
	Code    ration.Code          `json:"code,omitempty"`    // see [ration.CodeOf]
	Invalid *ration.InvalidError `json:"invalid,omitempty"` // the input that is wrong
}

func toWire(err error) *wireError {
	wire := &wireError{Text: err.Error(), Code: ration.CodeOf(err)}
	if invalid, ok := errors.AsType[*ration.InvalidError](err); ok {
		wire.Invalid = invalid
	}
	return wire
}

// remoteError is an error of the other end.
type remoteError struct{ wire *wireError }

// Error implements error.
func (e *remoteError) Error() string { return e.wire.Text }

// Unwrap gives errors.Is and As what the error was at the other end.
func (e *remoteError) Unwrap() []error {
	var causes []error
	if kind := e.wire.Code.Err(); kind != nil {
		causes = append(causes, kind)
	}
	if e.wire.Invalid != nil {
		causes = append(causes, e.wire.Invalid)
	}
	return causes
}
