package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

func TestServersThatForgetAreRefused(t *testing.T) {
	t.Parallel()
	for setting, value := range map[string]string{"fsync": "off", "full_page_writes": "off", "data_sync_retry": "on"} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			cluster := testdb.StartCluster(t, map[string]string{setting: value})
			config := postgres.Config{URL: cluster.Database(t)}
			if _, _, err := postgres.Migrate(t.Context(), config); !errors.Is(err, postgres.ErrUnsafeDurability) {
				t.Errorf("Migrate = %v, want ErrUnsafeDurability", err)
			}
			if _, err := postgres.Open(t.Context(), config); !errors.Is(err, postgres.ErrUnsafeDurability) {
				t.Errorf("Open = %v, want ErrUnsafeDurability", err)
			}
			config.AcceptUnsafeDurability = true
			if _, _, err := postgres.Migrate(t.Context(), config); err != nil {
				t.Fatal(err)
			}
			store := (&database{url: config.URL}).open(t, config)
			if codes := charge(t, store, createKey(t, store, "")); codes[0] != ration.CodeOK {
				t.Errorf("got %v", codes)
			}
		})
	}
}

// A role or a database can be told to take damaged pages for sound ones, so that
// what was counted on them is gone without a word.
func TestSessionsThatOverlookDamageAreRefused(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{"zero_damaged_pages", "ignore_checksum_failure"} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			d := newDatabase(t)
			store := d.open(t, postgres.Config{})
			id := createKey(t, store, "")
			d.set(t, setting+" = on")
			d.exec(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
			_, err := store.Charge(t.Context(), testbatch.Requests(t, id))
			if !errors.Is(err, postgres.ErrUnsafeDurability) || !strings.Contains(err.Error(), setting+" is on") {
				t.Errorf("Charge = %v, want ErrUnsafeDurability", err)
			}
			if _, err := postgres.Open(t.Context(), postgres.Config{URL: d.url}); !errors.Is(err, postgres.ErrUnsafeDurability) {
				t.Errorf("Open = %v, want ErrUnsafeDurability", err)
			}
		})
	}
}

func TestServerThatIsToldToForgetIsNoticed(t *testing.T) {
	t.Parallel()
	cluster := testdb.StartCluster(t, nil)
	d := migrated(t, cluster.Database(t))
	store := d.open(t, postgres.Config{})
	id := createKey(t, store, "")
	charge(t, store, id)

	d.exec(t, "ALTER SYSTEM SET fsync = off")
	d.exec(t, "SELECT pg_reload_conf()")
	d.await(t, "SELECT current_setting('fsync') = 'off'")
	for {
		_, err := store.Charge(t.Context(), testbatch.Requests(t, id))
		if err == nil {
			continue // its session has not read the file yet
		}
		if !errors.Is(err, ration.ErrStoreUnavailable) || !errors.Is(err, postgres.ErrUnsafeDurability) {
			t.Errorf("Charge = %v, want ErrStoreUnavailable and ErrUnsafeDurability", err)
		}
		break
	}
	if err := store.Ready(t.Context()); !errors.Is(err, postgres.ErrUnsafeDurability) {
		t.Errorf("Ready = %v, want ErrUnsafeDurability", err)
	}
	if _, err := store.CreateKey(t.Context(), newKey("")); !errors.Is(err, postgres.ErrUnsafeDurability) {
		t.Errorf("CreateKey = %v, want ErrUnsafeDurability", err)
	}

	d.exec(t, "ALTER SYSTEM RESET fsync")
	d.exec(t, "SELECT pg_reload_conf()")
	d.await(t, "SELECT current_setting('fsync') = 'on'")
	for store.Ready(t.Context()) != nil {
		continue
	}
	used := d.used(t, id)
	for {
		if _, err := store.Charge(t.Context(), testbatch.Requests(t, id)); err == nil {
			break
		}
	}
	if got := d.used(t, id); got != used+1 {
		t.Errorf("%d are recorded, want %d", got, used+1)
	}
}

func TestAdmissionsSurviveACrashOfTheServer(t *testing.T) {
	t.Parallel()
	cluster := testdb.StartCluster(t, nil)
	url := cluster.Database(t)
	if _, _, err := postgres.Migrate(t.Context(), postgres.Config{URL: url}); err != nil {
		t.Fatal(err)
	}
	store := (&database{url: url}).open(t, postgres.Config{})
	id := createKey(t, store, "")
	for crash := range 3 {
		if codes := charge(t, store, id); codes[0] != ration.CodeOK {
			t.Fatalf("got %v", codes)
		}
		if err := cluster.Kill(); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Charge(t.Context(), testbatch.Requests(t, id)); !errors.Is(err, ration.ErrStoreUnavailable) {
			t.Fatalf("Charge while the server is down = %v, want ErrStoreUnavailable", err)
		}
		if err := cluster.Start(); err != nil {
			t.Fatal(err)
		}
		usage, _, err := store.KeyUsage(t.Context(), id)
		if err != nil || usage[0].Used != int64(crash+1) {
			t.Fatalf("KeyUsage = %+v, %v; want %d used", usage, err, crash+1)
		}
	}
}
