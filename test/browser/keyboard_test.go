package browser_test

import (
	"context"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// hold keeps the page from fetching anew what is live, so that its controls stay.
func (b *tab) hold() {
	b.t.Helper()
	get[bool](b, `() => { document.addEventListener("htmx:beforeRequest", (e) => { if (e.detail.elt.dataset.live !== undefined) e.preventDefault(); }); return true; }`)
	b.settle()
}

// controls is a function of JavaScript that gives each control of the page, or of the dialog
// that is open, a number in the order of the page, and returns how many there are. Radio
// buttons of one name are one control, which arrow keys walk.
const controls = `() => {
	const within = [...document.querySelectorAll("dialog[open]")].pop() || document;
	const groups = new Set();
	let count = 0;
	document.querySelectorAll("[data-stop]").forEach((e) => delete e.dataset.stop);
	for (const e of within.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]:not([tabindex='-1'])")) {
		if (e.disabled || !e.checkVisibility({ visibilityProperty: true })) continue;
		if (e.type === "radio") {
			const name = e.name + (e.form?.id || "");
			if (groups.has(name)) continue;
			groups.add(name);
			const chosen = document.querySelector("input[name='" + e.name + "']:checked") || e;
			chosen.dataset.stop = count++;
			continue;
		}
		e.dataset.stop = count++;
	}
	return count;
}`

// focused is a function of JavaScript that describes what has the focus: its number, and
// what is wrong with how it shows that.
const focused = `() => {
	const e = document.activeElement;
	if (!e || e === document.body || e === document.documentElement) return "";
	const shown = (e) => { const s = getComputedStyle(e); return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0; };
	const shows = [e, e.nextElementSibling, ...(e.labels || [])].some((at) => at && shown(at));
	const { top, bottom, left, right, width, height } = e.getBoundingClientRect();
	const inView = width > 0 && height > 0 && bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
	const name = e.tagName + " " + (e.id || e.name || e.textContent.trim().slice(0, 40));
	return (e.dataset.stop ?? "?") + " " + (shows ? "" : "no visible focus ") + (inView ? "" : "out of view ") + "| " + name;
}`

// noteStops is a function of JavaScript that notes what has the focus whenever Tab is
// pressed, just before Tab moves it.
const noteStops = `() => {
	window.stops = [];
	window.stopNow ||= ` + focused + `;
	window.noteStop ||= (e) => e.key === "Tab" && window.stops.push(window.stopNow());
	addEventListener("keydown", window.noteStop, true);
	return true;
}`

// walk presses Tab so often, and returns what had the focus after each time. It asks the
// page once, which takes less time than pressing does.
func (b *tab) walk(times int) (stops []string) {
	b.t.Helper()
	get[bool](b, noteStops)
	for range times {
		b.call("pressing Tab", func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, input.DispatchKeyEvent, input.DispatchKeyEventParams{
				Type: input.DispatchKeyEventTypeRawKeyDown, Key: "Tab", Code: "Tab", WindowsVirtualKeyCode: 9,
			})
			return err
		})
	}
	return get[[]string](b, `() => [...window.stops.slice(1), window.stopNow()]`)
}

// wantTabReachesAll wants Tab to reach every control once, in the order of the page, and
// each to show that it has the focus.
func (b *tab) wantTabReachesAll() {
	b.t.Helper()
	b.hold()
	get[bool](b, `() => { document.activeElement?.blur(); getSelection().removeAllRanges(); scrollTo(0, 0); document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute("tabindex"); return true; }`)
	count := get[int](b, controls)
	if count == 0 {
		b.t.Error("the page has no control")
	}
	parts := 4 * get[int](b, `() => document.querySelectorAll("input[type=date][data-stop]").length`) // at which Tab stops too
	last := -1
	var reached []int
	for _, stop := range b.walk(count + parts) {
		number, fault, name := splitStop(stop)
		if number == last && strings.HasPrefix(name, "INPUT") {
			continue // a part of a date, which shows the focus in itself
		}
		if fault != "" {
			b.t.Errorf("%s: %s", name, fault)
		}
		if number <= last {
			b.t.Errorf("Tab leads from control %d to %d, %q", last, number, stop)
			break
		}
		last = number
		if reached = append(reached, number); len(reached) == count {
			break
		}
	}
	for number := range count {
		if !slices.Contains(reached, number) {
			b.t.Errorf("Tab does not reach %s", get[string](b, `(n) => document.querySelector("[data-stop='" + n + "']")?.outerHTML.slice(0, 120) || "a control that went away"`, number))
		}
	}
}

// splitStop reads what focused returns.
func splitStop(stop string) (number int, fault, name string) {
	before, name, _ := strings.Cut(stop, "| ")
	digits, fault, _ := strings.Cut(before, " ")
	number = -1
	for _, digit := range digits {
		if digit < '0' || digit > '9' {
			return -1, "", name
		}
		number = max(number, 0)*10 + int(digit-'0')
	}
	return number, strings.TrimSpace(fault), name
}

// wantDialogsHoldFocus opens each dialog of the page, and wants it to keep the focus, to
// be accessible, and to close with Escape.
func (b *tab) wantDialogsHoldFocus() {
	b.t.Helper()
	dialogs := strings.Fields(get[string](b, `() => [...document.querySelectorAll("[data-dialog]")].map((e) => e.dataset.dialog).join(" ")`))
	for _, id := range dialogs {
		opener := "[data-dialog='" + id + "']"
		b.click(opener, "")
		b.awaitOpen(id)
		count := get[int](b, controls)
		last := -1
		for _, stop := range b.walk(count + 2) {
			number, fault, name := splitStop(stop)
			if number == last && strings.HasPrefix(name, "INPUT") {
				continue // the parts of a date
			}
			around := stop == "" || name == "DIALOG "+id // after the last control, before the first
			if !around && (number < 0 || fault != "") {
				b.t.Errorf("in the dialog %s, Tab leads to %q", id, stop)
			}
			last = number
		}
		b.wantAccessible(window{narrow, "dark, dialog " + id})
		b.press(kb.Escape)
		await[bool](b, "the dialog to be closed", `(id, opener) => !document.getElementById(id).open && document.activeElement?.matches(opener)`, id, opener)
	}
}

func (b *tab) awaitOpen(dialog string) {
	b.t.Helper()
	await[bool](b, "the dialog "+dialog, `(id) => document.getElementById(id).open`, dialog)
}

func paletteIsForTheKeyboard(b *tab, s *site) {
	s.open(b, "/")
	b.press("k", chromedp.KeyModifiers(chromedp.ModifierCtrl))
	b.awaitSeen("#found a", "Overview")
	for n, step := range []struct{ key, chosen string }{{kb.ArrowDown, "Overview"}, {kb.ArrowDown, "Keys"}, {kb.ArrowUp, "Overview"}} {
		b.press(step.key)
		if got := get[string](b, `() => document.querySelector("#found [aria-selected=true]")?.firstChild.textContent.trim()`); got != step.chosen {
			b.t.Errorf("after %d arrow keys %q is chosen, want %q", n+1, got, step.chosen)
		}
	}
	b.wantAccessible(window{wide, "light"})
	b.press("Edsg")
	b.awaitSeen("#found a", "Edsger")
	await[bool](b, "nothing but the key", `() => document.querySelectorAll("#found a").length === 1`)
	b.leave(func() { b.press(kb.Enter) })
	b.awaitText("h1", "Edsger")

	b.press("/")
	b.awaitOpen("palette")
	b.press(kb.Escape)
	await[bool](b, "a closed palette", `() => !document.getElementById("palette").open`)
}

// menuIsForTheKeyboard opens the navigation of a narrow window, which is closed there.
func menuIsForTheKeyboard(b *tab, s *site) {
	s.open(b, "/keys")
	b.resize(narrow)
	b.prefer("dark")
	b.settleSize(narrow)
	get[bool](b, `() => { document.querySelector("button[aria-controls=nav]").focus(); return true; }`)
	if seen := get[bool](b, `() => document.querySelector("nav a").checkVisibility({ visibilityProperty: true })`); seen {
		b.t.Error("the menu is open before anybody opened it")
	}
	b.press(kb.Enter)
	b.awaitSeen("nav a", "Overview")
	b.wantNoSidewaysScroll(narrow)
	b.wantAccessible(window{narrow, "dark"})
	b.wantTabReachesAll()
	b.press(kb.Escape)
	await[bool](b, "a closed menu", `() => !document.querySelector("nav a").checkVisibility({ visibilityProperty: true })`)
}
