package cli_test

import (
	"encoding/json"
	"testing"

	"github.com/ration-dev/ration/internal/testdb"
)

// takenName gives a type the name of tomorrow's part of the request log, so that the
// store can't make that part, and says so.
const takenName = `DO $$ BEGIN
	EXECUTE format('CREATE TYPE %I AS ENUM ()', to_char((now() AT TIME ZONE 'utc') + interval '1 day', '"request_log_"YYYYMMDD'));
END $$`

func TestLogFormatReachesTheStore(t *testing.T) {
	url := testdb.Postgres(t)
	must(t, url, "migrate")
	onDatabase(t, url, takenName)
	for format, isJSON := range map[string]bool{"json": true, "text": false} {
		t.Run(format, func(t *testing.T) {
			running := startServer(t, nil, "--db", url, "--log-format", format, "--request-log-days", "1")
			line := running.log.await(t, "can't maintain the days of the request log")
			if got := json.Valid([]byte(line)); got != isJSON {
				t.Errorf("with log_format %s the store logs %s", format, line)
			}
		})
	}
}
