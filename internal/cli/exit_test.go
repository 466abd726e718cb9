package cli_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/adminsock"
	"github.com/ration-dev/ration/internal/cli"
	"github.com/ration-dev/ration/internal/dbcopy"
	"github.com/ration-dev/ration/sqlite"
)

func TestExitCodeSaysWhatToMend(t *testing.T) {
	for name, row := range map[string]struct {
		err  error
		code int
	}{
		"nothing in particular":        {errors.New("other"), 1},
		"input":                        {&ration.InvalidError{}, 2},
		"database out of reach":        {ration.ErrStoreUnavailable, 4},
		"server that hangs":            {adminsock.ErrSilent, 4},
		"change of which nobody knows": {fmt.Errorf("%w: %w", ration.ErrOutcomeUnknown, adminsock.ErrSilent), 9},
		"damaged database":             {sqlite.ErrDamaged, 5},
		"copy that differs":            {&dbcopy.MismatchError{}, 5},
		"schema":                       {&sqlite.SchemaError{}, 6},
		"version of SQLite":            {&sqlite.VersionError{}, 6},
	} {
		if code := cli.ExitCode(fmt.Errorf("opening: %w", row.err)); code != row.code {
			t.Errorf("%s: exit code %d, want %d", name, code, row.code)
		}
	}
}
