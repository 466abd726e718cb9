package portal

import (
	"fmt"
	"math"
	"strconv"
)

// Brand is how the pages look like the operator's own.
type Brand struct {
	Name  string
	Color string // #rrggbb
	Link  string // where the name leads; empty: to the first page
	Logo  *Logo  // nil: none
}

// The colours of the pages behind text: the darkest of the light ones and the lightest of
// the dark ones, where text is hardest to read.
var (
	lightGround = rgb{0xf4, 0xf5, 0xf8}
	darkGround  = rgb{0x1a, 0x20, 0x29}
)

// Contrast that WCAG asks of text, with some room for rounding.
const textContrast = 4.6

// stylesheet has the brand's colours as properties. Text in the colour is darkened or
// lightened until it can be read, and text on the colour is black or white.
func (b Brand) stylesheet() []byte {
	fill := parseRGB(b.Color)
	onFill := rgb{255, 255, 255}
	if contrast(fill, onFill) < textContrast {
		onFill = rgb{0x10, 0x13, 0x18}
		if contrast(fill, onFill) < textContrast { // between the two there is a gap for some greys
			onFill = rgb{}
		}
	}
	text := func(ground, towards rgb) rgb {
		return fill.readable(ground, towards)
	}
	return fmt.Appendf(nil, ":root{--accent:%s;--on-accent:%s;--accent-text:%s}@media(prefers-color-scheme:dark){:root{--accent-text:%s}}\n",
		fill, onFill, text(lightGround, rgb{}), text(darkGround, rgb{255, 255, 255}))
}

// rgb is a colour of sRGB.
type rgb [3]uint8

func parseRGB(text string) rgb {
	if len(text) != len("#rrggbb") {
		return rgb{0x30, 0x56, 0xd3}
	}
	var c rgb
	for i := range c {
		value, _ := strconv.ParseUint(text[1+2*i:3+2*i], 16, 8) // the setting was checked
		c[i] = uint8(value)
	}
	return c
}

// String returns the colour as CSS has it.
func (c rgb) String() string { return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2]) }

// readable mixes the colour with another one, as little as possible, until text in it can
// be read on a ground.
func (c rgb) readable(ground, towards rgb) rgb {
	const steps = 50
	mixed := c
	for step := 1; contrast(mixed, ground) < textContrast && step <= steps; step++ {
		for i := range mixed {
			mixed[i] = uint8((int(c[i])*(steps-step) + int(towards[i])*step) / steps)
		}
	}
	return mixed
}

// contrast is that of WCAG 2: 1 to 21.
func contrast(a, b rgb) float64 {
	lighter, darker := a.luminance(), b.luminance()
	if lighter < darker {
		lighter, darker = darker, lighter
	}
	return (lighter + 0.05) / (darker + 0.05)
}

func (c rgb) luminance() float64 {
	linear := func(channel uint8) float64 {
		value := float64(channel) / 255
		if value <= 0.04045 {
			return value / 12.92
		}
		return math.Pow((value+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}
