package api

import "time"

// KeysImport is the body of POST /v1/admin/keys/import: at most 500 keys.
type KeysImport struct {
	Keys   []ImportedKey `json:"keys"`
	Before int           `json:"before,omitempty"`  // how many keys of the whole import came before these, so that errors number them correctly
	DryRun bool          `json:"dry_run,omitempty"` // find out what would be imported
}

// ImportedKey is a key that another system issued. It has a secret or, if the secret is
// not known, its SHA-256 digest.
type ImportedKey struct {
	Name      string     `json:"name"`
	Owner     string     `json:"owner,omitempty"`
	Plan      string     `json:"plan,omitempty"`
	Status    string     `json:"status,omitempty"` // empty: active
	Scopes    []string   `json:"scopes,omitempty"`
	CreatedAt *time.Time `json:"created_at,omitempty"` // absent: now
	Secret    string     `json:"secret,omitempty"`
	SHA256    string     `json:"sha256,omitempty"`    // hexadecimal; only without a secret, and if the server has no pepper
	Unlimited bool       `json:"unlimited,omitempty"` // the missing limit is intended
}

// KeysSearch is the body of POST /v1/admin/keys/find: at most 500 secrets.
type KeysSearch struct {
	Secrets []string `json:"secrets"`
}

// KeysFound has the ids of the keys that secrets belong to, in the order of the secrets.
type KeysFound struct {
	Keys []*string `json:"keys"` // null: no key has the secret; never null itself
}

// UsageImport is the body of POST /v1/admin/usage/import: at most 2,000 days of at most
// 500 keys.
type UsageImport struct {
	Days   []ImportedDay `json:"days"`
	DryRun bool          `json:"dry_run,omitempty"` // find out what would be imported
}

// ImportedDay is what another system counted for a key on one of its local dates.
type ImportedDay struct {
	Row           int        `json:"row,omitempty"`   // its row in a file, so that errors can name it; absent: its place in the list, from 1
	Key           string     `json:"key"`             // the key's id
	Meter         string     `json:"meter,omitempty"` // empty: requests
	Date          string     `json:"date"`            // 2026-01-31
	Used          Number     `json:"used"`            // units
	LastRequestAt *time.Time `json:"last_request_at,omitempty"`
}
