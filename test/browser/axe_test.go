package browser_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// readAxe reads axe-core, which knows what keeps people from using a page.
var readAxe = sync.OnceValues(func() (string, error) {
	text, err := os.ReadFile(filepath.Join("..", "..", "tools", "axe", "node_modules", "axe-core", "axe.min.js"))
	if errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("%w: (cd tools/axe && npm ci --ignore-scripts) gets it, as make test does", err)
	}
	return string(text), err
})

// wantAccessible wants axe to find nothing.
func (b *tab) wantAccessible(look string, width int64) {
	b.t.Helper()
	for fault := range strings.Lines(b.axe()) {
		b.t.Errorf("axe, %s, %d px: %s", look, width, strings.TrimSpace(fault))
	}
}

// axe returns what axe finds, a line each. It comes through the DevTools protocol, which
// the page's policy does not hold for.
func (b *tab) axe() string {
	b.t.Helper()
	if !get[bool](b, `() => typeof axe !== "undefined"`) {
		axe, err := readAxe()
		if err != nil {
			b.t.Fatal(err)
		}
		get[bool](b, "() => { "+axe+"; return true; }")
	}
	return get[string](b, `async () => {
		const result = await axe.run(document, { resultTypes: ["violations"], elementRef: false });
		return result.violations.flatMap((v) => v.nodes.slice(0, 4).map((n) => v.id + ": " + n.target + " " + n.html.slice(0, 160) + " " + (n.any[0] || n.all[0] || n.none[0])?.message)).join("\n");
	}`)
}
