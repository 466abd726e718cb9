package sealed_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ration-dev/ration/internal/sealed"
)

func box(t *testing.T, secret, key string) *sealed.Box {
	t.Helper()
	box, err := sealed.NewBox(secret, key)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func TestOnlyTheSameCallerAndKeyOpen(t *testing.T) {
	first := box(t, "a token", "a key")
	request := first.Fingerprint("POST", "/keys", `{"name":"Ada"}`)
	answer := []byte(`{"secret":"rk_0123456789"}`)
	kept := first.Seal(answer, request)
	if opened, err := box(t, "a token", "a key").Open(kept, request); err != nil || !bytes.Equal(opened, answer) {
		t.Errorf("the same caller opens %s, %v", opened, err)
	}
	for name, other := range map[string]*sealed.Box{
		"another secret":            box(t, "b token", "a key"),
		"another idempotency key":   box(t, "a token", "b key"),
		"a border that has moved":   box(t, "a tokena", " key"),
		"no secret, but their text": box(t, "", "a tokena key"),
	} {
		if other.ID() == first.ID() || other.Fingerprint("POST", "/keys", `{"name":"Ada"}`) == request {
			t.Errorf("%s: the id or the fingerprint is the same", name)
		}
		if opened, err := other.Open(kept, request); !errors.Is(err, sealed.ErrNotOpened) {
			t.Errorf("%s opens %s, %v", name, opened, err)
		}
	}
}

func TestWhatWasChangedDoesNotOpen(t *testing.T) {
	first := box(t, "a token", "a key")
	request := first.Fingerprint("POST", "/keys")
	kept := first.Seal([]byte("an answer"), request)
	for i := range kept {
		changed := bytes.Clone(kept)
		changed[i] ^= 1
		if opened, err := first.Open(changed, request); !errors.Is(err, sealed.ErrNotOpened) {
			t.Fatalf("with byte %d changed: %s, %v", i, opened, err)
		}
	}
	for _, short := range [][]byte{nil, kept[:5], kept[:len(kept)-1]} {
		if _, err := first.Open(short, request); !errors.Is(err, sealed.ErrNotOpened) {
			t.Errorf("%d of its bytes: %v", len(short), err)
		}
	}
	if _, err := first.Open(kept, first.Fingerprint("POST", "/plans")); !errors.Is(err, sealed.ErrNotOpened) {
		t.Errorf("as the answer to another request: %v", err)
	}
}

func TestNothingIsSealedTwiceAlike(t *testing.T) {
	first := box(t, "a token", "a key")
	request := first.Fingerprint()
	if bytes.Equal(first.Seal([]byte("an answer"), request), first.Seal([]byte("an answer"), request)) {
		t.Error("one answer, sealed twice, is the same")
	}
	if bytes.Contains(first.Seal([]byte("an answer"), request), []byte("answer")) {
		t.Error("the answer can be read")
	}
}

func TestFingerprintsKnowTheirParts(t *testing.T) {
	first := box(t, "a token", "a key")
	if first.Fingerprint("POST", "/keys") == first.Fingerprint("POST/", "keys") || first.Fingerprint("a") == first.Fingerprint("a", "") {
		t.Error("different requests have one fingerprint")
	}
}
