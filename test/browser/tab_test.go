package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

const (
	// patience is how long a tab waits for what a page is to become.
	patience = 20 * time.Second
	// lookEvery is how often it looks at first, and seldomLookEvery later.
	lookEvery       = 10 * time.Millisecond
	seldomLookEvery = 100 * time.Millisecond
	// oftenLooks is how many times it looks often.
	oftenLooks = 50
)

// tab is a tab of the browser, which nobody has used before.
type tab struct {
	*watch
	t   *testing.T
	ctx context.Context
}

// newTab opens a tab that watches for requests to other hosts than those of the URLs.
func newTab(t *testing.T, hosts ...string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx, watch: newWatch(hosts)}
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatal(err)
	}
	b.call("network", func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, network.Enable, network.EnableParams{})
		return err
	})
	b.call("giving the tab the focus, which others have too", func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return err
	})
	b.resize(wide)
	t.Cleanup(b.reportFaults)
	return b
}

// reportFaults fails the test for each fault that was noted.
func (b *tab) reportFaults() {
	b.t.Helper()
	for _, fault := range b.faults() {
		b.t.Error(fault)
	}
}

// call runs a command of the DevTools protocol.
func (b *tab) call(what string, do func(context.Context, *chromedp.Target) error) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Func(do)); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

// The widths of windows.
const (
	wide   = 1280
	narrow = 380
)

// windowHeight is how high they are.
const windowHeight = 800

// resize gives the window another width.
func (b *tab) resize(width int64) {
	b.t.Helper()
	b.call("resizing", func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: windowHeight, DeviceScaleFactor: 1})
		return err
	})
}

// prefer has the tab prefer a look: "light" or "dark".
func (b *tab) prefer(look string) {
	b.t.Helper()
	b.call("choosing a look", func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: look}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
		return err
	})
}

// open goes to an address and waits until the page is there.
func (b *tab) open(url string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(url)); err != nil {
		b.t.Fatalf("opening %s: %v", url, err)
	}
}

// eval runs a function of JavaScript with arguments in the page.
func eval[T any](b *tab, function string, args ...any) (T, error) {
	list, err := json.Marshal(append([]any{}, args...)) // no argument is none, not null
	if err != nil {
		var zero T
		return zero, err
	}
	return chromedp.Run(b.ctx, chromedp.Evaluate[T](fmt.Sprintf("(%s)(...%s)", function, list), chromedp.EvalAwaitPromise))
}

// get is eval that must not fail.
func get[T any](b *tab, function string, args ...any) T {
	b.t.Helper()
	value, err := eval[T](b, function, args...)
	if err != nil {
		b.t.Fatalf("%s: %v", function, err)
	}
	return value
}

// await waits until a function of JavaScript returns something other than nothing.
func await[T comparable](b *tab, what, function string, args ...any) T {
	b.t.Helper()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	deadline := time.Now().Add(patience)
	for looks := 0; ; looks++ {
		if looks == oftenLooks {
			tick.Reset(seldomLookEvery)
		}
		value, err := eval[T](b, function, args...) // a page that is just left has an error
		if zero := *new(T); err == nil && value != zero {
			return value
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("waiting for %s: %v, %v\non the page %s", what, value, err, b.describe())
		}
		<-tick.C
	}
}

// describe says what a person sees.
func (b *tab) describe() string {
	text, err := eval[string](b, `() => location.href + "\n" + document.body.innerText`)
	return fmt.Sprint(text, err)
}

// find is a function of JavaScript that returns the first visible element that a selector finds and,
// unless it is empty, whose text is the one given, or begins so.
const find = `(selector, text) => {
	const dialog = [...document.querySelectorAll("dialog[open]")].pop() || document;
	const seen = [...dialog.querySelectorAll(selector)].filter((e) => e.checkVisibility({ visibilityProperty: true }));
	const words = (e) => e.textContent.trim().replace(/\s+/g, " ");
	return text ? seen.find((e) => words(e) === text) || seen.find((e) => words(e).startsWith(text)) : seen[0];
}`

// awaitSeen waits until an element is seen, and returns its text.
func (b *tab) awaitSeen(selector, text string) string {
	b.t.Helper()
	return await[string](b, selector+" "+text, `(selector, text) => { const e = (`+find+`)(selector, text); return e && (e.textContent.trim() || e.value || e.tagName); }`, selector, text)
}

// awaitText waits until the text of an element is the one given.
func (b *tab) awaitText(selector, text string) {
	b.t.Helper()
	await[bool](b, fmt.Sprintf("%q in %s", text, selector), `(selector, text) => document.querySelector(selector)?.textContent.trim().replace(/\s+/g, " ") === text`, selector, text)
}

// click clicks on an element as a person does, once it is seen and nothing covers it.
func (b *tab) click(selector, text string) {
	b.t.Helper()
	at := await[string](b, "a place to click on "+selector+" "+text, `(selector, text) => {
		const element = (`+find+`)(selector, text);
		if (!element || element.disabled) return "";
		element.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
		const { x, y, width, height } = element.getClientRects()[0], at = [x + width / 2, y + height / 2];
		const hit = document.elementFromPoint(...at);
		return hit && (element.contains(hit) || hit.closest("label")?.control === element) ? JSON.stringify(at) : "";
	}`, selector, text)
	var point [2]float64
	if err := json.Unmarshal([]byte(at), &point); err != nil {
		b.t.Fatal(err)
	}
	if err := chromedp.Do(b.ctx, chromedp.MouseClickXY(point[0], point[1])); err != nil {
		b.t.Fatalf("clicking on %s %s: %v", selector, text, err)
	}
}

// follow clicks on what leads to another page, and waits until it is there.
func (b *tab) follow(selector, text string) {
	b.t.Helper()
	b.leave(func() { b.click(selector, text) })
}

// leave does what leads to another page, and waits until it is there.
func (b *tab) leave(do func()) {
	b.t.Helper()
	get[bool](b, `() => window.isLeft = true`)
	do()
	await[bool](b, "another page", `() => !window.isLeft && document.readyState === "complete"`)
}

// stays returns what fails the test if the page is another one than now, or loaded again.
func (b *tab) stays() (wantSame func()) {
	b.t.Helper()
	get[bool](b, `() => window.isTheSame = true`)
	return func() {
		b.t.Helper()
		if !get[bool](b, `() => window.isTheSame === true`) {
			b.t.Error("the page was loaded again")
		}
	}
}

// fill writes into a field in place of what it has.
func (b *tab) fill(selector, text string) {
	b.t.Helper()
	b.click(selector, "")
	get[bool](b, `() => { document.activeElement.select(); return true; }`)
	b.call("writing into "+selector, func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, input.InsertText, input.InsertTextParams{Text: text})
		return err
	})
}

// choose chooses from a list.
func (b *tab) choose(selector, value string) {
	b.t.Helper()
	await[bool](b, value+" in "+selector, `(selector, value) => {
		const list = document.querySelector(selector), option = [...list.options].find((o) => o.value === value || o.text === value);
		if (!option) return false;
		list.value = option.value;
		list.dispatchEvent(new Event("input", { bubbles: true }));
		list.dispatchEvent(new Event("change", { bubbles: true }));
		return true;
	}`, selector, value)
}

// press presses keys, such as kb.Tab.
func (b *tab) press(keys string, options ...chromedp.KeyOption) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.KeyEvent(keys, options...)); err != nil {
		b.t.Fatal(err)
	}
}

// screenshot returns the whole page as an image.
func (b *tab) screenshot() (png []byte) {
	b.t.Helper()
	b.call("taking a screenshot", func(ctx context.Context, target *chromedp.Target) error {
		whole := true
		result, err := cdp.Call(ctx, target, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: &whole, OptimizeForSpeed: &whole})
		png = result.Data
		return err
	})
	return png
}
