package cli_test

import (
	"net/http"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ration-dev/ration/internal/cli"
	"github.com/ration-dev/ration/internal/testdb"
)

var clockBehaviours = []behaviour{
	{"system clock before 2020", func(t *testing.T) {
		t.Chdir(t.TempDir())
		synctest.Test(t, func(t *testing.T) { // where it is the year 2000
			wants(t, runIn(t, nil, "serve"), 3, "the system clock: it is at 2000-01-01T00:00:00Z, before 2020; set it")
		})
	}},
	{"system clock before the build date", func(t *testing.T) {
		info := &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.time", Value: "2030-06-15T12:00:00Z"}}}
		for now, refused := range map[string]bool{"2026-01-01T00:00:00Z": true, "2030-06-14T11:59:59Z": true, "2030-06-14T12:00:00Z": false, "2031-01-01T00:00:00Z": false} {
			instant, err := time.Parse(time.RFC3339, now)
			if err != nil {
				t.Fatal(err)
			}
			err = cli.CheckClock(instant, info)
			if (err != nil) != refused || refused && (cli.ExitCode(err) != 3 || !strings.Contains(err.Error(), now+", before this program was made")) {
				t.Errorf("at %s: %v; want it refused: %v", now, err, refused)
			}
		}
	}},
	{"system clock > 10 min off DB", func(t *testing.T) {
		url := testdb.Postgres(t)
		must(t, url, "migrate")
		onDatabase(t, url, `CREATE OR REPLACE FUNCTION ration_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp() + interval ''11 minutes'''`)
		running := startServer(t, []string{"RATION_DB=" + url})
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, running.api+"/readyz", nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer := answerTo(t, request); !strings.Contains(answer, `"not ready"`) || !strings.Contains(answer, "the database's is at") {
			t.Errorf("answer %s; want it not ready because of the clock", answer)
		}
		wants(t, running.stop(), 0, "no period begins until the clocks agree")
	}},
}
