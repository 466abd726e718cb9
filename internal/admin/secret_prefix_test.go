package admin_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// prefixes are such that one is the head of another, and of what others issue.
var prefixes = []string{"rk", "sk", "sk_live", "acme", "acme_live", "a", "a_token", "a_token_token"}

// drawForeign draws a secret that another system issued, often of our own form.
var drawForeign = rapid.OneOf(
	rapid.StringMatching(`(rk|sk|sk_live|acme|a_token)_[0-9A-Za-z]{38}`),
	rapid.StringMatching(`(rk|sk|sk_live|acme|a_token)_[0-9A-Za-z_]{1,99}`),
	rapid.StringMatching(`[!-~]{4,80}`),
	rapid.SampledFrom([]string{"rk_", "sk_live_4eC39HqLyjWDarjtT1zdp7dc", "acme_live", strings.Repeat("rk_", 170)}),
)

// TestEveryStoredSecretIsAcceptedWhateverThePrefixIsNow makes and imports secrets and
// tokens under one prefix after the other, and asks for all of them every time.
func TestEveryStoredSecretIsAcceptedWhateverThePrefixIsNow(t *testing.T) {
	o := open(t)
	foreign, tokens := map[string]bool{}, 0
	rapid.Check(t, func(rt *rapid.T) {
		var stored, issued []ration.Secret
		for _, prefix := range rapid.SliceOfN(rapid.SampledFrom(prefixes), 1, 3).Draw(rt, "prefixes") {
			config := admin.Config{SecretPrefix: prefix}
			service := admin.New(o.store, config)
			must := func(err error) {
				if err != nil {
					rt.Fatal(err)
				}
			}
			key, err := service.CreateKey(rt.Context(), actor, admin.NewKey{Name: "a key"})
			must(err)
			rotated, err := service.RotateKey(rt.Context(), actor, admin.Rotation{ID: key.Key.ID, Overlap: time.Hour})
			must(err)
			stored = append(stored, key.Secret, rotated.Secret)

			text := drawForeign.Draw(rt, "imported")
			if !foreign[text] {
				foreign[text] = true
				imported := admin.ImportedKey{Name: "Ada", Status: ration.StatusActive, Secret: ration.SecretFromText(text)}
				stored = append(stored, imported.Secret)
				if rapid.Bool().Draw(rt, "as a digest") {
					imported.Digest, imported.Secret = imported.Secret.Digest(nil), ration.Secret{}
				}
				_, err = service.ImportKeys(rt.Context(), actor, admin.KeysImport{Keys: []admin.ImportedKey{imported}})
				must(err)
			}
			tokens++
			token, err := service.CreateToken(rt.Context(), actor, admin.NewToken{Name: fmt.Sprint(tokens), Scopes: []string{admin.ScopeVerify}})
			must(err)
			issued = append(issued, token.Secret)

			engine := ration.NewEngine(o.store, ration.EngineConfig{}) // which has cached nothing
			for _, secret := range stored {
				decision, err := engine.Charge(rt.Context(), ration.Charge{Secret: secret})
				if err != nil || !decision.Allowed() {
					rt.Errorf("under %q, %q gets %s, %v", prefix, secret.Reveal(), decision.Code, err)
				}
			}
			must(engine.Close(rt.Context()))
			checker := admin.NewTokenChecker(o.store, config)
			for _, token := range issued {
				if _, err := checker.Check(rt.Context(), token, admin.ScopeVerify); err != nil {
					rt.Errorf("under %q, token %q: %v", prefix, token.Reveal(), err)
				}
			}
			must(checker.Close(rt.Context()))
		}
	})
}
