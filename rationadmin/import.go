package rationadmin

import (
	"time"

	"github.com/ration-dev/ration"
)

// MaxKeysAtOnce is the most keys that one transaction changes. Charges of these keys
// wait for it; on SQLite, charges of all keys do.
const MaxKeysAtOnce = 500

// MaxDaysAtOnce is the most days that one request imports. It is small, because
// charges of their keys wait meanwhile, and because a server's socket limits the size
// of a request.
const MaxDaysAtOnce = 2_000

// ImportedKey is a key that another system issued. It has a secret or, if the secret
// is not known, its SHA-256 digest.
type ImportedKey struct {
	Name      string
	Owner     string
	Plan      string
	Status    ration.Status
	Scopes    []string
	CreatedAt time.Time // zero: now
	Secret    ration.Secret
	Digest    ration.Digest // only if Secret is zero, and [Config] has no pepper
	Unlimited bool          // the missing limit is intended; refused if its plan has a limit
}

// KeysImport has the keys to import in one transaction, at most [MaxKeysAtOnce].
type KeysImport struct {
	Keys   []ImportedKey
	Before int  // how many keys of the whole import came before these, so that errors number them correctly
	DryRun bool // find out what would be imported
}

// KeysImported is the outcome of a KeysImport.
type KeysImported struct {
	Created int // keys that were created
	Present int // keys that exist already, found by their secret; they stay as they are
	NoLimit int // keys of both kinds that have no limit now, or will have none, without a mark that this is intended
}

// ImportedDay is what another system counted for a key on one of its local dates.
type ImportedDay struct {
	Row           int // its row in the file, so that errors can name it
	KeyID         ration.KeyID
	Meter         string
	Date          ration.PeriodID
	Used          int64       // units
	Unit          ration.Unit // what a unit is here; it may differ from that of the meter
	LastRequestAt time.Time   // zero: not known
}

// UsageImport has the days to import in one transaction: at most [MaxDaysAtOnce]
// days, of at most [MaxKeysAtOnce] keys.
type UsageImport struct {
	Days   []ImportedDay
	DryRun bool // find out what would be imported
}

// UsageImported is the outcome of a UsageImport.
type UsageImported struct {
	Rows   int         // days that were looked at
	Raised int         // days that had less here, and were raised
	Added  int64       // units, on all meters together
	Unit   ration.Unit // the smallest of these meters
}
