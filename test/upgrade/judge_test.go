package upgrade_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/test/harness"
)

// judge asks this source's build what both recorded.
func (w *walk) judge() {
	w.t.Helper()
	w.judgeQuota(w.limited, quota)
	w.judgeQuota(w.raised, temporary)
	w.judgeLayers()
	w.judgeRefunds()
	w.reserved.judge()
	w.judgeHours()
	if text := w.this.CLI(w.t, w.db, "reconcile"); !strings.HasPrefix(text, "All counts are the sums of their entries") {
		w.t.Errorf("reconcile says %q", text)
	}
}

// judgeQuota checks that a key that had more calls than its limit got that limit
// over all turns, and that every admitted call is recorded.
func (w *walk) judgeQuota(key harness.Key, limit int) {
	w.t.Helper()
	tally, recorded, seen := w.tallies[key.ID], harness.Used(w.t, w.db, key.ID), w.upstream.Seen(key.ID)
	w.t.Logf("%d turns, limit %d: %d admitted, %d denied, %d unknown, %d recorded", w.turns, limit, tally[harness.Admitted], tally[harness.Denied], tally[harness.Unknown], recorded)
	if admitted := tally[harness.Admitted]; recorded < admitted || recorded > admitted+tally[harness.Unknown] || seen > recorded {
		w.t.Errorf("%d admitted, %d unknown, %d seen by the upstream, %d recorded", admitted, tally[harness.Unknown], seen, recorded)
	}
	if recorded != limit || tally[harness.Denied] == 0 {
		w.t.Errorf("%d recorded and %d denied, of a limit of %d that the calls exceed", recorded, tally[harness.Denied], limit)
	}
	if failed := tally[harness.Unsent] + tally[harness.Refused]; failed > 0 {
		w.t.Errorf("%d calls failed: %v", failed, tally)
	}
}

// judgeLayers checks that the lasting limit is still beneath the temporary one.
func (w *walk) judgeLayers() {
	w.t.Helper()
	var quantities []int64
	for _, override := range w.status(w.raised).Overrides {
		quantities = append(quantities, units(override.Quantity))
	}
	slices.Sort(quantities)
	if !slices.Equal(quantities, []int64{lasting, temporary}) {
		w.t.Errorf("the raised key has limits of its own %v, want the lasting one and the temporary one", quantities)
	}
}

// judgeRefunds checks that each build gave back a tenth at most: the former one
// counts what is given back otherwise, and this one doesn't count what that gave.
func (w *walk) judgeRefunds() {
	w.t.Helper()
	recorded, seen := harness.Used(w.t, w.db, w.failing.ID), w.upstream.Seen(w.failing.ID)
	w.t.Logf("%d failed, %d recorded", seen, recorded)
	if seen != w.turns*failsOfTurn {
		w.t.Errorf("the upstream failed %d calls, want all %d", seen, w.turns*failsOfTurn)
	}
	if given := seen - recorded; given < refundable || given > 2*refundable {
		w.t.Errorf("%d of %d failed calls were given back, want %d, and at most as many once more", given, seen, refundable)
	}
}

// judgeHours checks that a report made of hours refuses days of the former build, which
// counts in none, and says from when on it has them all.
func (w *walk) judgeHours() {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), w.this.Path, "usage", "--zone", "UTC", "--since", "7d")
	cmd.Env = append(os.Environ(), "RATION_DB="+w.db)
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(string(out), "the first day in UTC of which all hours are known is ") {
		w.t.Errorf("a report with days of the former build: %v, %s", err, out)
	}
}

// status is what this source's build says of a key.
func (w *walk) status(key harness.Key) (status api.KeyStatus) {
	w.t.Helper()
	if err := json.Unmarshal([]byte(w.this.CLI(w.t, w.db, "keys", "show", key.ID, "-o", "json")), &status); err != nil {
		w.t.Fatal(err)
	}
	return status
}
