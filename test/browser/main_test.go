package browser_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/ration-dev/ration/test/harness"
)

// chromium is the one browser of all tests, in which each has tabs with cookies and a cache of
// their own.
var chromium context.Context

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	defer harness.RemoveBinary()
	stop, err := startChromium()
	if err != nil {
		fmt.Fprintf(os.Stderr, "These tests need Chromium, which scripts/require.sh chromium installs: %v\n", err)
		return 1
	}
	defer stop()
	return m.Run()
}

// startChromium starts the browser without a window.
func startChromium() (stop func(), err error) {
	path, err := findChromium()
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.DisableGPU, chromedp.Flag("force-device-scale-factor", "1"),
		chromedp.Flag("disable-features", "Translate,BlinkGenPropertyTrees,SpareRendererForSitePerProcess")) // no process in advance for each page
	if os.Geteuid() == 0 { // Chromium's sandbox refuses to be root's, as it is in containers
		options = append(options, chromedp.NoSandbox)
	}
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	browser, stopBrowser := chromedp.NewContext(allocator)
	stop = func() {
		stopBrowser()
		stopAllocator()
	}
	if err := chromedp.Do(browser); err != nil {
		stop()
		return nil, err
	}
	chromium = browser
	return stop, nil
}

// findChromium looks for the names that scripts/require.sh takes for the browser.
func findChromium() (path string, err error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err = exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", err
}
