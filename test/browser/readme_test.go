package browser_test

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/ration-dev/ration/test/harness"
)

var update = flag.Bool("update", false, "make the images of the README anew")

// images is where those of the README are.
var images = filepath.Join("..", "..", "docs", "images")

// maxImage is how many bytes an image may have: people load the README over slow lines.
const maxImage = 200_000

// shown are the images of the README.
var shown = []string{"overview", "key", "holder"}

func TestTheReadmeShowsThePages(t *testing.T) {
	t.Parallel()
	if *update {
		drawReadme(t)
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range shown {
		if !bytes.Contains(text, []byte("(docs/images/"+name+".png)")) {
			t.Errorf("the README does not show docs/images/%s.png", name)
		}
		image, err := os.ReadFile(filepath.Join(images, name+".png"))
		if err != nil {
			t.Error(err)
			continue
		}
		if _, err := png.DecodeConfig(bytes.NewReader(image)); err != nil || len(image) > maxImage {
			t.Errorf("%s.png has %d bytes, want at most %d: %v", name, len(image), maxImage, err)
		}
	}
}

// drawReadme takes the images of what "ration dev" shows in its first minute.
func drawReadme(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	demo := exec.CommandContext(t.Context(), harness.Binary(t), "dev", "--listen", "127.0.0.1:0", "--api-listen", "127.0.0.1:0", "--admin-listen", harness.FreeAddr(t))
	demo.Dir = dir
	stdout, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = demo.Process.Kill(); _ = demo.Wait() })
	banner := readBanner(stdout)
	link, portal := find1(t, banner, `console +(\S+)`), find1(t, banner, `portal +(\S+)`)

	b := newTab(t, link, portal)
	b.prefer("light")
	b.open(link)
	b.awaitText("h1", "Overview")
	b.awaitSeen("[aria-labelledby=top] td a", "")
	b.settle()
	b.keepImage(t, "overview", windowHeight)
	b.follow("[aria-labelledby=top] td a", "")
	b.settle()
	b.keepImage(t, "key", windowHeight)

	// Its holder has a secret of it.
	key := b.awaitSeen("#id", "")
	secret := strings.TrimSpace(harness.CLI(t, "sqlite:"+filepath.Join(dir, demoDatabase(t, dir)), "keys", "rotate", key, "--overlap", "24h", "-q"))
	b.open(portal)
	b.showUsage(secret)
	get[bool](b, `() => { document.activeElement.blur(); scrollTo(0, 0); return true; }`)
	b.keepImage(t, "holder", 1000)
}

// demoDatabase returns the name of the file that "ration dev" has made.
func demoDatabase(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*.db"))
	if err != nil || len(found) != 1 {
		t.Fatalf("found %v, %v; want one database", found, err)
	}
	return filepath.Base(found[0])
}

// readBanner reads what "ration dev" says when it has started.
func readBanner(stdout io.Reader) (banner string) {
	for lines := bufio.NewScanner(stdout); lines.Scan() && !strings.HasPrefix(lines.Text(), "Ctrl-C"); {
		banner += lines.Text() + "\n"
	}
	return banner
}

func find1(t *testing.T, text, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no %s in:\n%s", pattern, text)
	}
	return found[1]
}

// keepImage keeps the upper part of the page as an image of the README.
func (b *tab) keepImage(t *testing.T, name string, height float64) {
	t.Helper()
	b.call("taking an image", func(ctx context.Context, target *chromedp.Target) error {
		whole := true
		result, err := cdp.Call(ctx, target, page.CaptureScreenshot, page.CaptureScreenshotParams{
			CaptureBeyondViewport: &whole, Clip: &page.Viewport{Width: wide, Height: height, Scale: 1},
		})
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(images, name+".png"), result.Data, 0o644) //nolint:gosec // everybody may read the README
	})
}
