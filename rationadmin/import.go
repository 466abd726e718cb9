package rationadmin

import (
	"time"

	"github.com/ration-dev/ration"
)

// MaxKeysAtOnce is the most keys that one transaction changes. Charges of these
// keys wait for it; those of others do on SQLite.
const MaxKeysAtOnce = 500

// MaxDaysAtOnce is the most days that one request imports: few enough to be written
// while charges of their keys wait, and to fit into what a server's socket takes.
const MaxDaysAtOnce = 2_000

// ImportedKey is a key that another system issued. It has a secret, or where
// that is not known, the secret's SHA-256 digest.
type ImportedKey struct {
	Name      string
	Owner     string
	Plan      string
	Status    ration.Status
	Scopes    []string
	CreatedAt time.Time // zero: now
	Secret    ration.Secret
	Digest    ration.Digest // only where Secret is zero, and without a pepper
	Unlimited bool          // the missing limit is intended; refused if its plan has a limit
}

// KeysImport is keys to be imported in one transaction, at most [MaxKeysAtOnce].
type KeysImport struct {
	Keys   []ImportedKey
	Before int  // how many of the whole import came before these, so that errors count right
	DryRun bool // find out what would be imported
}

// KeysImported is what became of keys to be imported.
type KeysImported struct {
	Created int // are now there
	Present int // keys that exist already, found by their secret; they stay as they are
	NoLimit int // of both: have no limit now or will have none, and nobody said that this is meant
}

// ImportedDay is what another system counted for a key on one of its local dates.
type ImportedDay struct {
	Row           int // where it comes from, so that errors can say it
	KeyID         ration.KeyID
	Meter         string
	Date          ration.PeriodID
	Used          int64     // units
	LastRequestAt time.Time // zero: not known
}

// UsageImport is days to be imported in one transaction, at most MaxDaysAtOnce, of
// at most [MaxKeysAtOnce] keys.
type UsageImport struct {
	Days   []ImportedDay
	DryRun bool // find out what would be imported
}

// UsageImported is what became of days to be imported.
type UsageImported struct {
	Rows   int   // were looked at
	Raised int   // of them had a day to raise
	Added  int64 // units, on all meters together
}
