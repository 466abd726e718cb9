package portal_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/portal"
	"github.com/ration-dev/ration/rationtest"
)

// TestEveryColorCanBeRead takes the grounds from the stylesheet itself, and has its own
// sum of what WCAG calls contrast.
func TestEveryColorCanBeRead(t *testing.T) {
	rules := regexp.MustCompile(`--(accent|on-accent|accent-text):(#[0-9a-f]{6})`)
	colors := []string{"#000000", "#ffffff", "#777777", "#ff0000", "#00ff00", "#0000ff", "#ffff00", "#808080", "#757575", "#f4f5f8", "#1a2029"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		colors = append(colors, fmt.Sprintf("#%06x", random.IntN(1<<24)))
	}
	for _, brand := range colors {
		d := &desk{T: t, pages: portal.New(portal.Config{Path: "/portal", Brand: portal.Brand{Name: "Acme", Color: brand}})}
		sheet := d.get(regexp.MustCompile(`/portal/assets/portal\.[^"]+\.css`).FindString(d.get("/portal").text)).text
		light := property(t, sheet, "ground", 0)
		dark := property(t, sheet, "ground", 1)
		found := rules.FindAllStringSubmatch(sheet, -1)
		if len(found) != 4 || found[0][2] != brand {
			t.Fatalf("%s: %v", brand, found)
		}
		for name, pair := range map[string][2]string{
			"on the colour": {found[1][2], brand}, "on light ground": {found[2][2], light}, "on a light card": {found[2][2], "#ffffff"},
			"on dark ground": {found[3][2], dark}, "on a dark card": {found[3][2], property(t, sheet, "card", 1)},
		} {
			if got := contrastOf(pair[0], pair[1]); got < 4.5 {
				t.Errorf("%s, text %s: %s on %s has a contrast of %.2f", brand, name, pair[0], pair[1], got)
			}
		}
	}
}

// property returns the nth value of a property of a stylesheet.
func property(t *testing.T, sheet, name string, n int) string {
	t.Helper()
	found := regexp.MustCompile(`--`+name+`:(#[0-9a-f]{3,6})`).FindAllStringSubmatch(sheet, -1)
	if len(found) <= n {
		t.Fatalf("no %s in the stylesheet", name)
	}
	return found[n][1]
}

func contrastOf(a, b string) float64 {
	luminance := func(text string) (sum float64) {
		if len(text) == 4 {
			text = "#" + strings.Repeat(text[1:2], 2) + strings.Repeat(text[2:3], 2) + strings.Repeat(text[3:4], 2)
		}
		var channels [3]int
		_, _ = fmt.Sscanf(text, "#%02x%02x%02x", &channels[0], &channels[1], &channels[2])
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			c := float64(channels[i]) / 255
			if c <= 0.04045 {
				sum += weight * c / 12.92
			} else {
				sum += weight * math.Pow((c+0.055)/1.055, 2.4)
			}
		}
		return sum
	}
	l, m := luminance(a), luminance(b)
	return (max(l, m) + 0.05) / (min(l, m) + 0.05)
}

func TestLogo(t *testing.T) {
	picture := image.NewRGBA(image.Rect(0, 0, 8, 8))
	picture.Set(1, 1, color.White)
	var asPNG, asJPEG bytes.Buffer
	if err := png.Encode(&asPNG, picture); err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(&asJPEG, picture, nil); err != nil {
		t.Fatal(err)
	}
	const svg = `<?xml version="1.0"?><!-- a logo --><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><script>alert(1)</script></svg>`
	for name, row := range map[string]struct{ content, contentType, extension string }{
		"PNG":  {asPNG.String(), "image/png", ".png"},
		"JPEG": {asJPEG.String(), "image/jpeg", ".jpg"},
		"WebP": {"RIFF\x1a\x00\x00\x00WEBPVP8 ", "image/webp", ".webp"},
		"SVG":  {svg, "image/svg+xml", ".svg"},
	} {
		logo, err := portal.ReadLogo(file(t, row.content))
		if err != nil {
			t.Fatal(name, err)
		}
		d := open(t, func(c *portal.Config) { c.Brand.Logo = logo })
		page := d.get("/portal")
		path := regexp.MustCompile(`<img src="(/portal/assets/logo\.[^"]+)" alt="" height="28">`).FindStringSubmatch(page.text)
		if len(path) != 2 || !strings.HasSuffix(path[1], row.extension) {
			t.Fatalf("%s: %s", name, page.text)
		}
		got := d.get(path[1])
		if got.text != row.content || got.Header.Get("Content-Type") != row.contentType {
			t.Errorf("%s: %v", name, got.Header)
		}
		if name == "SVG" && !strings.Contains(got.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("the SVG's policy is %v", got.Header)
		}
	}
	for name, path := range map[string]string{
		"text": file(t, "hello"), "HTML": file(t, "<html><svg></svg></html>"), "GIF": file(t, "GIF89a..."), "empty": file(t, ""),
		"too large": file(t, asPNG.String()+strings.Repeat("x", portal.MaxLogo)), "a directory": t.TempDir(), "nothing": filepath.Join(t.TempDir(), "none.png"),
	} {
		if _, err := portal.ReadLogo(path); err == nil || !strings.Contains(err.Error(), "portal_logo") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "logo")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestHostileBrand has a name of markup, and a link as the operator set it.
func TestHostileBrand(t *testing.T) {
	d := open(t, func(c *portal.Config) {
		c.Brand = portal.Brand{Name: hostile, Color: "#123456", Link: "https://acme.test/?a=1&b=2"}
	})
	d.send("/portal", secretForm(d.Key(rationtest.Key{Name: "mine"}).Secret)).wants(t, 200, "&lt;script&gt;", `id="brand" href="https://acme.test/?a=1&amp;b=2"`)
	d.send("/portal", secretForm(ration.Secret{})).wants(t, 401, "&lt;script&gt;")
}
