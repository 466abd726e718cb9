package postgres

import (
	"context"
	"io/fs"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/storetest"
)

// Tests compare keys as a model has them, and ask for next plans to be written when they
// want that; on a slow machine it would happen beside them.
func init() { nextPlansEvery = 24 * time.Hour }

// ChargeSince charges a batch that was first sent at a time by the server's clock.
func ChargeSince(ctx context.Context, s *Store, batch ration.Batch, first time.Time) ([]ration.Decision, error) {
	b := newWork(batch)
	b.firstAttemptAt = first
	return s.resolve(ctx, b)
}

// TLSFinding judges a connection from one address to another with a URL.
func TLSFinding(url string, server, own net.Addr, encrypted bool) (admin.Finding, error) {
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		return admin.Finding{}, err
	}
	l := newLink(config, server, own, encrypted)
	return l.tlsFinding(), nil
}

// StatementSQL returns the statements of a decision's connection that read or
// write tables, for a test of their plans.
func StatementSQL() map[string]string {
	return map[string]string{
		"batch id":     batchIDSQL,
		"lock":         lockSQL,
		"lock free":    lockFreeSQL,
		"holders":      holdersSQL,
		"load":         loadSQL,
		"meters":       metersSQL,
		"add known":    addKnownSQL,
		"known rates":  addKnownRatesSQL,
		"held":         heldSQL,
		"add usage":    addUsageSQL,
		"add rates":    addRatesSQL,
		"set usage":    setUsageSQL,
		"add days":     addDaysSQL,
		"add hours":    addHoursSQL,
		"secrets used": secretsUsedSQL,
		"digests":      digestsSQL,
		"purge":        purgeSQL,
		"tokens":       tokensSQL,

		"other meters":       otherMetersSQL,
		"named reservations": namedReservationsSQL,
		"replays":            replaysSQL,
		"refunds":            refundsSQL,
		"refunded":           refundedSQL,
		"open":               openSQL,
		"open later":         openSQL,
		"new usage":          newUsageSQL,
		"post usage":         postUsageSQL,
		"post days":          postDaysSQL,
		"refund":             refundSQL,
		"new reservations":   newReservationsSQL,
		"end reservations":   endReservationsSQL,
		"forget replays":     forgetReplaysSQL,
		"remember replays":   rememberReplaysSQL,
		"purge reservations": purgeReservationsSQL,
		"purge replays":      purgeReplaysSQL,
		"purge refunds":      purgeRefundsSQL,
		"purge hours":        purgeHoursSQL,
		"purge traffic":      purgeTrafficSQL,
		"purge days":         purgeDaysSQL,
		"purge audit":        purgeAuditSQL,
		"purge events":       purgeEventsSQL,
		"purge event marks":  purgeEventMarksSQL,
		"events":             eventsSQL,

		"keys ahead":          keysAheadSQL,
		"zones of a repair":   periodZonesSQL,
		"usage of a repair":   usageToRepairSQL,
		"history of a repair": historyToRepairSQL,
		"open of a repair":    openToRepairSQL,
		"windows of a repair": setWindowsSQL,
		"days of a repair":    deleteDaysSQL,
		"later hours":         hoursToRepairSQL,
		"hours of a repair":   deleteHoursSQL,
		"secrets of a repair": earlierSecretUsesSQL,
	}
}

// PurgeKept deletes what is kept no longer, as the janitor does in its time, and
// returns how many parts that took.
func (s *Store) PurgeKept(ctx context.Context) (parts int, err error) {
	l := newLane(s)
	defer l.drop()
	for _, kind := range newPurgesOfKept(&s.config).kinds {
		for deleted := int64(mostPerPart); deleted == mostPerPart && err == nil; parts++ {
			deleted, err = l.purgeKept(ctx, kind)
		}
	}
	return parts, err
}

// PurgeHistory deletes days, hours and entries of the audit log that are older than some time.
// Store is of this package.
func PurgeHistory(ctx context.Context, store storetest.Store, older time.Duration) error {
	s, config := store.(*Store), Config{UsageDays: older, AuditLog: older, Events: older, UsageHours: older}
	l := newLane(s)
	defer l.drop()
	for _, kind := range newPurgesOfKept(&config).kinds {
		for deleted := int64(mostPerPart); deleted == mostPerPart; {
			var err error
			if deleted, err = l.purgeKept(ctx, kind); err != nil {
				return err
			}
		}
	}
	return nil
}

// InOrderSQL precedes the statement that reads what is due.
const InOrderSQL = inOrderSQL

// SettingsSQL is what begins every transaction.
const SettingsSQL = settingsSQL

// PurgeEventsSQL deletes a part of the old events.
const PurgeEventsSQL = purgeEventsSQL

// WithMigrations makes a build with other migrations out of this one.
func (c Config) WithMigrations(files fs.FS) Config {
	c.migrations = files
	return c
}

// OwnMigrations are those of this build.
func OwnMigrations() fs.FS { return ownMigrations() }

// WithMigrationWait changes how long Migrate waits for another.
func (c Config) WithMigrationWait(wait time.Duration) Config {
	c.migrationWait = wait
	return c
}

// Patient makes a store whose transactions may take so much longer, for tests in
// which a machine that is slow must not make them give up.
func (c Config) Patient(times time.Duration) Config {
	d := defaultTimeouts
	c.timeouts = timeouts{lock: times * d.lock, statement: times * d.statement, idle: times * d.idle, round: times * d.round}
	return c
}

// MoveLogDays makes and drops the days of the request log.
func (s *Store) MoveLogDays(ctx context.Context) error { return s.moveLogDays(ctx) }

// TableNames are the tables that are watched.
var TableNames = tableNames

// AcceptAltered makes a store take tables as they are, for tests that play faults
// with triggers.
func (c Config) AcceptAltered() Config {
	c.acceptAltered = true
	return c
}
