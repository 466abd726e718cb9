// Package browser walks the console and the pages for holders of keys in a real browser,
// as people do: Chromium, in front of the built binary. It also looks for what a page can
// do wrong without anybody noticing: what it asks of others, what it weighs, and whom it
// keeps out.
package browser
