package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/pghosts"
	"github.com/ration-dev/ration/internal/sqladmin"
	"github.com/ration-dev/ration/observe"
)

// DefaultLanes is the most batches under way at once, unless Config says otherwise.
const DefaultLanes = 2

const (
	defaultReportConns = 4
)

// Config says which database a [Store] uses, and how.
type Config struct {
	// URL is postgres://user:password@host:port/database?…, or the same as keywords.
	// It never appears in an error.
	URL string
	// Lanes is how many batches may be under way at once, each on its own connection;
	// 0: [DefaultLanes].
	Lanes int
	// ReportConns is the most connections for administration and reports; 0: 4.
	ReportConns int
	// AcceptUnsafeDurability accepts a server with fsync or full_page_writes off, or
	// one that doesn't show these settings. Such a server may lose charges that
	// Ration has answered.
	AcceptUnsafeDurability bool
	// RequestLog is how long entries of the request log are kept. 0: no entries are
	// written, and existing ones stay.
	RequestLog time.Duration
	// UsageHours is how long usage by UTC hour is kept. 0: for ever.
	UsageHours time.Duration
	// UsageDays is how long usage by day is kept. 0: for ever. It is kept for at least
	// 100 days, for 2 days longer than the request log, and as long as an open
	// reservation may be settled to it.
	UsageDays time.Duration
	// AuditLog is how long entries of the audit log are kept. 0: for ever.
	AuditLog time.Duration
	// LimitThresholds are the percents of a limit, from 1 to 100, at which an event tells
	// that a key has used so much. Nil: 80 and 100. Not nil and empty: none.
	LimitThresholds []int
	// Events is how long published events are kept. 0: for ever.
	Events time.Duration
	// Logger gets messages about what no caller waits for: that a standby was
	// promoted, or that the request log's partitions can't be created or dropped.
	// Nil: standard error, as text.
	Logger *slog.Logger
	// Observer is told of retries, of commits whose answer was lost, of rows that
	// were deleted because their retention time was over, and of weakened promises;
	// nil: nobody is.
	Observer observe.Observer
	// InstanceClock is compared with the database's clock: while they differ by more
	// than 10 minutes, no period begins. How long ago the database told its time is
	// measured by it, too; the database confirms what is decided by that. Nil: time.Now.
	InstanceClock func() time.Time

	timeouts      timeouts      // zero: defaultTimeouts
	acceptAltered bool          // for tests, which play faults with triggers
	migrations    fs.FS         // nil: this build's
	migrationWait time.Duration // 0: a minute
}

// Store is a PostgreSQL database. It is safe for concurrent use.
type Store struct {
	*administration

	config    Config
	decisions *pgconn.Config
	pool      *pgxpool.Pool // of administration and reports
	lanes     chan *lane
	resolver  chan *lane // of digests
	hosts     *pghosts.Hosts
	lineage   *lineage
	stuck     stuckKeys
	memory    memory
	janitor   *janitor

	searchPath string // of every transaction
	ownSchema  int64  // version of this build's
	altered    atomic.Pointer[error]
	weak       weaknesses

	mu       sync.Mutex
	closed   bool
	underWay sync.WaitGroup // calls that use lanes
	work     sync.WaitGroup // the janitor, and who keeps the days of the request log
	broken   sync.WaitGroup // connections that pgx still winds up
	stop     context.CancelFunc
}

var (
	_ ration.Store = (*Store)(nil)
	_ admin.Store  = (*Store)(nil)
)

// Open connects to a database whose schema [Migrate] has brought up to date. The
// schema may also be that of a later build, if this build can run on it. Errors, by
// errors.Is and errors.As: [ErrUnsafeDurability]; [ErrAltered]; [SchemaError];
// [VersionError]; [ration.ErrStoreUnavailable] if the server is out of reach. No
// error shows a password.
func Open(ctx context.Context, config Config) (*Store, error) {
	config = config.withDefaults()
	servers, line := &pghosts.Hosts{Primary: true}, &lineage{log: config.Logger}
	poolConfig, err := parsePoolConfig(config, servers, line)
	if err != nil {
		return nil, err
	}
	migrations, err := migrationsIn(config.migrations)
	if err != nil {
		return nil, err
	}
	givenPath := takeSearchPath(poolConfig.ConnConfig)
	s := &Store{
		ownSchema: lastOf(migrations),
		config:    config, hosts: servers, lineage: line, decisions: &poolConfig.ConnConfig.Config,
		lanes: make(chan *lane, config.Lanes), resolver: make(chan *lane, 1),
		stuck: stuckKeys{keys: make(map[ration.KeyID]stuckKey)},
	}
	s.administration = sqladmin.New(administered{s})
	for range config.Lanes {
		s.lanes <- newLane(s)
	}
	s.resolver <- newLane(s)
	if s.pool, err = pgxpool.NewWithConfig(ctx, poolConfig); err != nil {
		return nil, fmt.Errorf("opening the database: %w", withoutURL(err))
	}
	if err := s.firstContact(ctx, givenPath); err != nil {
		s.pool.Close()
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	s.startJanitor()
	return s, nil
}

// Name returns "postgres", the name of this store in events.
func (s *Store) Name() string { return "postgres" }

// Lanes implements [ration.Store].
func (s *Store) Lanes() int { return s.config.Lanes }

// Close implements [ration.Store]. Closing again does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	s.mu.Unlock()
	if closed {
		return nil
	}
	s.underWay.Wait()
	s.stop()
	s.work.Wait()
	for range s.config.Lanes {
		(<-s.lanes).drop()
	}
	(<-s.resolver).drop()
	s.pool.Close()
	s.broken.Wait()
	return nil
}

func (c Config) withDefaults() Config {
	if c.Lanes <= 0 {
		c.Lanes = DefaultLanes
	}
	if c.ReportConns <= 0 {
		c.ReportConns = defaultReportConns
	}
	if c.timeouts == (timeouts{}) {
		c.timeouts = defaultTimeouts
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	c.Observer = observe.OrNobody(c.Observer)
	if c.InstanceClock == nil {
		c.InstanceClock = time.Now
	}
	if c.LimitThresholds == nil {
		c.LimitThresholds = ledger.DefaultThresholds()
	}
	if c.migrations == nil {
		c.migrations = ownMigrations()
	}
	if c.migrationWait <= 0 {
		c.migrationWait = defaultMigrationWait
	}
	return c
}

// firstContact checks server and schema and connects the first lane, so that a
// store that can't work is known at once.
func (s *Store) firstContact(ctx context.Context, givenPath any) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return unavailable(err)
	}
	defer conn.Release()
	if s.searchPath, err = findSchema(ctx, conn.Conn(), givenPath, s.ownSchema); err != nil {
		return unavailable(err)
	}
	l := <-s.lanes
	defer s.giveLane(l)
	if _, err := l.connect(ctx); err != nil {
		l.drop() // one that came too late
		return unavailable(err)
	}
	return nil
}

func (s *Store) startJanitor() {
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.janitor = newJanitor(s)
	s.work.Go(func() { s.janitor.run(ctx) })
	s.work.Go(func() { s.tendKeys(ctx) })
	if s.config.RequestLog > 0 {
		s.work.Go(func() { s.keepLogDays(ctx) })
	}
}

// enter begins a call that Close waits for; it returns false on a closed store.
func (s *Store) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.underWay.Add(1)
	}
	return !s.closed
}

func (s *Store) leave() { s.underWay.Done() }

// ending makes Close wait for a connection that is being wound up.
func (s *Store) ending(done <-chan struct{}) {
	s.broken.Go(func() { <-done })
}

// unavailable marks an error of the connection, but for what an operator must change.
func unavailable(err error) error {
	if errors.Is(err, ErrUnsafeDurability) || errors.Is(err, ErrAltered) || errors.Is(err, errNoSchema) || errors.As(err, new(*VersionError)) || errors.As(err, new(*SchemaError)) {
		return err
	}
	if errors.Is(err, pgconn.ErrPrimaryConnection) || errors.Is(err, pgconn.ErrReadWriteConnection) {
		return errReaders
	}
	if sqlState(err) == stateReadOnly {
		return fmt.Errorf("%w: %w", errReadOnly, err)
	}
	return fmt.Errorf("%w: %w", ration.ErrStoreUnavailable, withoutURL(err))
}
