package browser_test

import (
	"strings"
	"testing"

	"github.com/ration-dev/ration/test/harness"
)

func TestAKeyFromItsFirstRequestToItsRevocation(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := newTab(t, r.adminURL)
	b.logIn(r, r.newToken("console", "admin"))
	b.follow("nav a", "Plans")
	b.follow("a", "Make the first plan")
	b.fill("#name", "small")
	b.fill("#limits", "3/day")
	b.follow("button", "Make the plan")
	b.awaitText("h1", "small")

	// The secret of a new key is shown once.
	b.follow("nav a", "Keys")
	b.follow("a", "Make the first key")
	b.fill("#name", `<script>alert("Ada")</script>`)
	b.choose("#plan", "small")
	b.click("button", "Make the key")
	secret := b.awaitSeen("#secret", "")
	if path := get[string](b, `() => location.pathname`); !strings.HasPrefix(path, "/keys/key_") {
		t.Errorf("the new key is at %s", path)
	}
	key := b.awaitSeen("#id", "")
	b.awaitText("h1", `<script>alert("Ada")</script>`)

	// The page follows what is used, without being loaded again.
	b.open(r.adminURL + "/keys/" + key)
	if text := get[string](b, `() => document.body.innerText`); strings.Contains(text, secret) {
		t.Error("the page shows the secret again")
	}
	b.awaitText(`[data-limit]`, "3")
	wantSame := b.stays()
	r.wantCalls(secret, harness.Admitted)
	b.awaitText(`[data-limit]`, "2")
	r.wantCalls(secret, harness.Admitted, harness.Admitted, harness.Denied)
	b.awaitText(`[data-limit]`, "0")
	await[bool](b, "bars for 3 used and 1 refused", `() => document.querySelector("[aria-labelledby=days] .chart canvas")
		&& document.querySelector("[aria-labelledby=days] .chart").getAttribute("aria-label").replace(/\s+/g, " ").includes("3 used 1 refused")`)
	wantSame()

	// It says why.
	b.follow("[aria-labelledby=why] button", "Explain")
	b.awaitSeen("[aria-labelledby=why] strong", "quota exceeded")

	// A disabled key is refused until that is undone.
	b.follow("button", "Disable")
	b.awaitText("#state", "disabled")
	b.follow(".notice button", "Undo")
	b.awaitText("#state", "active")

	// The former secret ends when it has leaked.
	b.click("button", "Rotate secret")
	b.choose("#r-overlap", "0s")
	b.click("dialog button", "Rotate")
	renewed := await[string](b, "another secret", `() => document.getElementById("secret")?.textContent`)
	if renewed == secret {
		t.Error("the rotated secret is the former one")
	}
	r.wantStatus(secret, 401)
	r.wantStatus(renewed, 429)

	// What can't be undone needs the name.
	b.click("button", "Revoke…")
	b.fill("#v-typed", "Ada")
	if !get[bool](b, `() => document.querySelector("[data-needs-typed]").disabled`) {
		t.Error("a key can be revoked by half of its name")
	}
	b.fill("#v-typed", `<script>alert("Ada")</script>`)
	b.follow("dialog button", "Revoke")
	b.awaitText("#state", "revoked")
	r.wantStatus(renewed, 401)
}
