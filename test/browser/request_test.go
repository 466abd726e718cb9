package browser_test

import (
	"strings"
	"testing"

	"github.com/ration-dev/ration/test/harness"
)

func TestAKeyIsAskedForApprovedAndPickedUp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.cli("plans", "create", "small", "--limit", "2/day")
	holder, operator := newTab(t, r.ProxyURL), newTab(t, r.adminURL)

	holder.open(r.ProxyURL + portalPath)
	holder.follow("nav a", "Get a key")
	holder.fill("#name", "Weather app")
	holder.fill("#email", "eve@example.com")
	holder.fill("#reason", "To show the weather")
	holder.click("#ask-button", "")
	link := await[string](holder, "the link", `() => document.querySelector("#pickup-link")?.value`)

	operator.logIn(r, r.newToken("console", "admin"))
	operator.follow("nav a", "Requests")
	operator.follow("main a", "Weather app")
	operator.choose("#plan", "small")
	operator.follow("button", "Approve")
	operator.awaitSeen(".notice", "")

	holder.open("about:blank") // else only the fragment of the address would change
	holder.open(link)
	holder.click("#take-button", "")
	secret := await[string](holder, "the secret", `() => document.querySelector("#new-secret")?.value`)
	r.wantCalls(secret, harness.Admitted)

	// It is picked up once.
	holder.open("about:blank")
	holder.open(link)
	holder.click("#take-button", "")
	holder.awaitSeen("#trouble, #state", "")
	if again := get[bool](holder, `() => !!document.querySelector("#new-secret")`); again {
		t.Error("the secret is shown a second time")
	}

	// Its holder sees what remains, and replaces it.
	holder.open(r.ProxyURL + portalPath)
	holder.showUsage(secret)
	holder.awaitText("#limit-requests-day .number", "1")
	r.age()
	renewed := holder.replaceKey()
	if renewed == secret || !strings.HasPrefix(renewed, "rk_") {
		t.Errorf("the new secret is %q", renewed)
	}
	r.wantCalls(renewed, harness.Admitted)
	r.wantCalls(secret, harness.Denied) // they have one quota
	r.wantStatus(renewed+"x", 401)
}
