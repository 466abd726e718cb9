package certfile_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ration-dev/ration/internal/certfile"
	"github.com/ration-dev/ration/internal/testcert"
)

const every = 5 * time.Second

// nextYear is when certificates of these tests expire.
func nextYear() time.Time { return time.Now().Add(365 * 24 * time.Hour) }

// watched is a certificate that is watched in a bubble of synctest.
type watched struct {
	*certfile.Certificate
	dir string
	log *lines
}

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func watch(t *testing.T, dir string) watched {
	t.Helper()
	cert, key := testcert.New(t, "first", nextYear()).Write(t, dir)
	c, err := certfile.Open(certfile.Files{Cert: cert, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	w := watched{c, dir, new(lines)}
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	go c.Watch(ctx, every, slog.New(slog.NewTextHandler(w.log, nil)))
	return w
}

// wait lets so many looks pass.
func (w watched) wait(looks int) {
	time.Sleep(time.Duration(looks) * every)
	synctest.Wait()
}

// wants checks which certificate is in use, and how often a text was logged.
func (w watched) wants(t *testing.T, name string, times int, text string) {
	t.Helper()
	got, err := w.Get(&tls.ClientHelloInfo{})
	if err != nil {
		t.Fatal(err)
	}
	if got.Leaf.Subject.CommonName != name {
		t.Errorf("the certificate in use is %q, want %q", got.Leaf.Subject.CommonName, name)
	}
	if n := strings.Count(w.log.String(), text); n != times {
		t.Errorf("%q was logged %d times, want %d: %s", text, n, times, w.log)
	}
}

func TestNewFilesAreTakenOver(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, dir)
		w.wait(3)
		w.wants(t, "first", 0, "level=")
		testcert.New(t, "second", nextYear()).Write(t, dir)
		w.wait(1)
		w.wants(t, "second", 1, "the certificate was replaced")
		w.wait(3)
		w.wants(t, "second", 1, "level=")
	})
}

// The two files of a renewal are written one after the other. A look that falls
// between them finds a key that isn't the certificate's.
func TestHalfARenewalIsWaitedFor(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, dir)
		second := testcert.New(t, "second", nextYear())
		testcert.WriteFile(t, filepath.Join(dir, "cert.pem"), second.Cert)
		w.wait(1)
		w.wants(t, "first", 0, "level=")
		testcert.WriteFile(t, filepath.Join(dir, "key.pem"), second.Key)
		w.wait(1)
		w.wants(t, "second", 0, "level=ERROR")
	})
}

func TestBrokenNewFileKeepsTheCertificateAndIsToldOnce(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, dir)
		const told = "the new certificate can't be used; Ration keeps the previous one"
		testcert.WriteFile(t, filepath.Join(dir, "cert.pem"), []byte("not a certificate"))
		w.wait(20)
		w.wants(t, "first", 1, told)
		if err := os.Remove(filepath.Join(dir, "key.pem")); err != nil { // another fault
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(dir, "cert.pem")); err != nil {
			t.Fatal(err)
		}
		w.wait(20)
		w.wants(t, "first", 2, told)
		testcert.New(t, "second", nextYear()).Write(t, dir)
		w.wait(1)
		w.wants(t, "second", 2, told)
		testcert.WriteFile(t, filepath.Join(dir, "cert.pem"), []byte("not a certificate")) // the first fault again
		w.wait(20)
		w.wants(t, "second", 3, told)
	})
}

func TestFilesThatCannotBeUsedAreNamedWithTheCause(t *testing.T) {
	one, other := testcert.New(t, "one", nextYear()), testcert.New(t, "other", nextYear())
	encrypted := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")})
	garbled := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("sesame")})
	for name, row := range map[string]struct {
		pair   testcert.Pair
		change func(t *testing.T, cert, key string)
		ofKey  bool
		says   string
	}{
		"no certificate":            {testcert.Pair{Cert: []byte("x"), Key: one.Key}, nil, false, "contains no certificate in PEM form"},
		"files are exchanged":       {testcert.Pair{Cert: one.Key, Key: one.Cert}, nil, false, "contains no certificate in PEM form"},
		"damaged certificate":       {testcert.Pair{Cert: []byte("-----BEGIN CERTIFICATE-----\neA==\n-----END CERTIFICATE-----\n"), Key: one.Key}, nil, false, "can't be read"},
		"no key":                    {testcert.Pair{Cert: one.Cert, Key: one.Cert}, nil, true, "contains no private key in PEM form"},
		"encrypted key":             {testcert.Pair{Cert: one.Cert, Key: encrypted}, nil, true, "is encrypted; write it without a passphrase"},
		"damaged key":               {testcert.Pair{Cert: one.Cert, Key: garbled}, nil, true, "use an RSA, ECDSA or Ed25519 key"},
		"key of another":            {testcert.Pair{Cert: one.Cert, Key: other.Key}, nil, true, "does not belong to the certificate"},
		"certificate is missing":    {one, func(t *testing.T, cert, _ string) { must(t, os.Remove(cert)) }, false, "no such file"},
		"key is missing":            {one, func(t *testing.T, _, key string) { must(t, os.Remove(key)) }, true, "no such file"},
		"key is a directory":        {one, func(t *testing.T, _, key string) { must(t, errors.Join(os.Remove(key), os.Mkdir(key, 0o700))) }, true, "is a directory"},
		"everybody can read a key":  {one, func(t *testing.T, _, key string) { setMode(t, key, 0o644) }, true, "(mode 0644); remove that right with 'chmod o-rwx'"},
		"key is no file":            {one, func(t *testing.T, _, key string) { must(t, errors.Join(os.Remove(key), os.Symlink(os.DevNull, key))) }, true, "it is not a regular file"},
		"certificate is very large": {testcert.Pair{Cert: make([]byte, 2<<20), Key: one.Key}, nil, false, "is larger than 1024 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			cert, key := row.pair.Write(t, t.TempDir())
			if row.change != nil {
				row.change(t, cert, key)
			}
			_, err := certfile.Open(certfile.Files{Cert: cert, Key: key})
			fault, ok := errors.AsType[*certfile.Error](err)
			if !ok || fault.OfKey != row.ofKey || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want one that says %q of the key: %t", err, row.says, row.ofKey)
			}
			if err != nil && (strings.Contains(err.Error(), "sesame") || strings.Contains(err.Error(), "PRIVATE KEY-----\n")) {
				t.Errorf("%v shows what is in the file", err)
			}
		})
	}
}

func TestKeyThatItsGroupReadsIsFine(t *testing.T) {
	cert, key := testcert.New(t, "one", nextYear()).Write(t, t.TempDir())
	setMode(t, key, 0o640)
	if _, err := certfile.Open(certfile.Files{Cert: cert, Key: key}); err != nil {
		t.Error(err)
	}
}

func setMode(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	must(t, os.Chmod(path, mode))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
