package certfile_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/certfile"
	"github.com/ration-dev/ration/internal/testcert"
)

func TestNameIsOneThatTheCertificateIsFor(t *testing.T) {
	cert, key := testcert.New(t, "not this", time.Now().Add(time.Hour)).Write(t, t.TempDir())
	for path, want := range map[string]string{cert: "localhost", key: "", filepath.Join(t.TempDir(), "missing"): ""} {
		if got := (certfile.Files{Cert: path}).Name(); got != want {
			t.Errorf("the name in %s is %q, want %q", path, got, want)
		}
	}
}
