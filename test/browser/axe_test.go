package browser_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// readAxe reads axe-core, which knows what keeps people from using a page.
var readAxe = sync.OnceValues(func() (string, error) {
	text, err := os.ReadFile(filepath.Join("..", "..", "tools", "axe", "node_modules", "axe-core", "axe.min.js"))
	if errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("%w: (cd tools/axe && npm ci --ignore-scripts) gets it, as make test does", err)
	}
	return string(text), err
})

// bringAxe puts axe into each page that the tab opens from now on. It comes through the
// DevTools protocol, which a page's policy does not hold for; once, since it is large.
func (b *tab) bringAxe() {
	b.t.Helper()
	axe, err := readAxe()
	if err != nil {
		b.t.Fatal(err)
	}
	b.call("bringing axe", func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: axe})
		return err
	})
}

// wantAccessible wants axe to find nothing.
func (b *tab) wantAccessible(w window) {
	b.t.Helper()
	for fault := range strings.Lines(b.axe()) {
		b.t.Errorf("axe, %s, %d px: %s", w.look, w.width, strings.TrimSpace(fault))
	}
}

// axe returns what axe finds, a line each.
func (b *tab) axe() string {
	b.t.Helper()
	return get[string](b, `async () => {
		const result = await axe.run(document, { resultTypes: ["violations"], elementRef: false });
		return result.violations.flatMap((v) => v.nodes.slice(0, 4).map((n) => v.id + ": " + n.target + " " + n.html.slice(0, 160) + " " + (n.any[0] || n.all[0] || n.none[0])?.message)).join("\n");
	}`)
}
