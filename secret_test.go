package ration_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
)

func TestNewSecret(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		secret := ration.NewSecret("acme_live")
		text := secret.Reveal()
		rest, ours := strings.CutPrefix(text, "acme_live_")
		if !ours || len(rest) != 38 || strings.Trim(rest, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" {
			t.Fatalf("secret %q", text)
		}
		if !secret.Generated() || secret.IsZero() || seen[text] {
			t.Fatalf("secret %q is not recognised or not new", text)
		}
		seen[text] = true
	}
}

func TestSecretsUseEveryDigit(t *testing.T) {
	counts := map[rune]int{}
	const secrets = 2000
	for range secrets {
		for _, digit := range strings.TrimPrefix(ration.NewSecret("rk").Reveal(), "rk_")[:32] {
			counts[digit]++
		}
	}
	const expected = secrets * 32 / 62
	for digit, count := range counts { // 6 standard deviations either way
		if count < expected-200 || count > expected+200 {
			t.Errorf("digit %c came %d times, want about %d", digit, count, expected)
		}
	}
	if len(counts) != 62 {
		t.Errorf("%d digits, want 62", len(counts))
	}
}

// knownSecret fixes the checksum: what was issued once must hold for ever.
const knownSecret = "rk_0123456789ABCDEFGHIJKLMNOPQRSTUV2lyDbd"

func TestGenerated(t *testing.T) {
	good := ration.NewSecret("rk").Reveal()
	changed := func(i int) string {
		digit := byte('a')
		if good[i] == digit {
			digit = 'b'
		}
		return good[:i] + string(digit) + good[i+1:]
	}
	for _, row := range []struct {
		name, text string
		want       bool
	}{
		{"as issued", good, true},
		{"as issued by an earlier release", knownSecret, true},
		{"as issued under another prefix", ration.NewSecret("acme_live").Reveal(), true},
		{"a token", ration.NewSecret("acme_live_token").Reveal(), true},
		{"one digit changed", changed(10), false},
		{"the first digit changed", changed(3), false},
		{"the checksum changed", changed(len(good) - 1), false},
		{"two digits swapped", good[:5] + string(good[6]) + string(good[5]) + good[7:], good[5] == good[6]},
		{"a digit short", good[:len(good)-1], false},
		{"a digit more", good + "0", false},
		{"only the prefix", "rk_", false},
		{"lower case", strings.ToLower(good), strings.ToLower(good) == good},
		{"another prefix than it was made with", "sk_" + good[3:], false},
		{"a longer prefix", "rk2_" + good[3:], false},
		{"no prefix", good[2:], false},
		{"the prefix without its underscore", "rk" + good[3:], false},
		{"nothing", "", false},
		{"imported", "6f1ed002ab5595859014ebf0951522d9", false},
		{"imported, of our form", "sk_4eC39HqLyjWDarjtT1zdp7dcaaaaaaaaaaaaaa", false},
		{"bytes that are no text", "rk_\xff\x00", false},
	} {
		if got := ration.SecretFromText(row.text).Generated(); got != row.want {
			t.Errorf("%s: generated is %t, want %t", row.name, got, row.want)
		}
	}
}

func TestSecretNeverPrints(t *testing.T) {
	secret := ration.NewSecret("rk")
	text := secret.Reveal()
	holder := struct {
		Secret  ration.Secret
		Pointer *ration.Secret
		Charge  ration.Charge
		hidden  ration.Secret // of which fmt asks no methods
	}{secret, &secret, ration.Charge{Secret: secret}, secret}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p", "%t", "%c", "%U", "%e", "%b", "%o", "%10.3s", "%-5v"} {
		fmt.Fprintf(&out, verb+"\n", secret)
		fmt.Fprintf(&out, verb+"\n", &secret)
		fmt.Fprintf(&out, verb+"\n", holder)
		fmt.Fprintf(&out, verb+"\n", []ration.Secret{secret})
		fmt.Fprintf(&out, verb+"\n", map[string]ration.Secret{"s": secret})
	}
	fmt.Fprintln(&out, secret, &secret, holder)
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("request", "secret", secret, "pointer", &secret, "holder", holder, "group", slog.GroupValue(slog.Any("s", secret)))
	}
	encoder := json.NewEncoder(&out)
	for _, value := range []any{secret, &secret, holder, map[ration.Secret]int{secret: 1}} {
		if err := encoder.Encode(value); err != nil {
			t.Error(err)
		}
	}
	printed := out.String()
	for _, leak := range []string{text, text[3:20], text[len(text)-6:], fmt.Sprintf("%x", text), fmt.Sprintf("%X", text)} {
		if strings.Contains(printed, leak) {
			t.Errorf("%q was printed", leak)
		}
	}
	if got := fmt.Sprint(secret); got != "[secret]" {
		t.Errorf("a secret prints as %q", got)
	}
}

func TestDigest(t *testing.T) {
	secret := ration.SecretFromText("abc")
	const sha256OfABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got := secret.Digest(nil).String(); got != sha256OfABC {
		t.Errorf("digest %s, want SHA-256", got)
	}
	// RFC 4231, test case 2.
	const hmacOfJefe = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
	if got := ration.SecretFromText("what do ya want for nothing?").Digest([]byte("Jefe")).String(); got != hmacOfJefe {
		t.Errorf("digest %s, want HMAC-SHA-256", got)
	}
}

func TestEndsShowLittle(t *testing.T) {
	for text, want := range map[string][2]string{
		"":                                 {"", ""},
		"ab":                               {"", ""},
		"abc":                              {"a", "c"},
		"abcdefghi":                        {"abc", "ghi"},
		"6f1ed002ab5595859014ebf0951522d9": {"6f1ed002", "22d9"},
		"ÄÖÜäöü":                           {"ÄÖ", "öü"},
		"aÄÄÄb":                            {"a", "b"},
	} {
		start, end := ration.SecretFromText(text).Ends()
		if start != want[0] || end != want[1] {
			t.Errorf("%q shows %q and %q, want %q", text, start, end, want)
		}
	}
}

func TestValidateSecretPrefix(t *testing.T) {
	for _, good := range []string{"a", "rk", "acme_live_2", strings.Repeat("a", 16)} {
		if err := ration.ValidateSecretPrefix(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "Rk", "1a", "_a", "a-b", "a b", "ä", "aé", "a\x00", strings.Repeat("a", 17)} {
		if ration.ValidateSecretPrefix(bad) == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestIDsReadWhatTheyWrite(t *testing.T) {
	key, secret := ration.NewKeyID(), ration.NewSecretID()
	if got, err := ration.ParseKeyID(key.String()); err != nil || got != key {
		t.Errorf("%s reads as %s, %v", key, got, err)
	}
	if got, err := ration.ParseSecretID(secret.String()); err != nil || got != secret {
		t.Errorf("%s reads as %s, %v", secret, got, err)
	}
	encoded, err := json.Marshal(map[string]ration.KeyID{"id": key})
	var decoded map[string]ration.KeyID
	if err != nil || json.Unmarshal(encoded, &decoded) != nil || decoded["id"] != key {
		t.Errorf("%s in JSON: %s", key, encoded)
	}
	bare := strings.TrimPrefix(key.String(), "key_")
	for _, bad := range []string{
		"", "key_", bare, secret.String(), "key_" + bare + " ", "key_" + strings.ReplaceAll(bare, "-", ""),
		"key_{" + bare + "}", "KEY_" + bare, "key_" + bare[:35] + "g", "key_'; DROP TABLE keys; --",
	} {
		if got, err := ration.ParseKeyID(bad); err == nil {
			t.Errorf("%q was read as %s", bad, got)
		}
	}
}

func FuzzSecretFromText(f *testing.F) {
	f.Add(ration.NewSecret("rk").Reveal())
	f.Add(knownSecret)
	f.Add("rk_\xff")
	f.Fuzz(func(t *testing.T, text string) {
		secret := ration.SecretFromText(text)
		start, end := secret.Ends()
		if len(start)+len(end) > 12 || 3*len(start) > len(text) || 3*len(end) > len(text) {
			t.Errorf("of %d bytes %d and %d are shown", len(text), len(start), len(end))
		}
		if secret.Generated() && (len(text) < 40 || text[len(text)-39] != '_') {
			t.Errorf("%q is taken for one of ours", text)
		}
		if fmt.Sprintf("%+v", secret) != "[secret]" {
			t.Errorf("%q prints as %+v", text, secret)
		}
	})
}
