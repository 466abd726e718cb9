package testdb

import "net/url"

// Among makes one postgres:// URL of several that differ in their hosts alone, with
// the hosts in that order.
func Among(urls ...string) string {
	together := new(url.URL)
	for i, text := range urls {
		one, err := url.Parse(text)
		switch {
		case err != nil:
			panic("a server's URL can't be read") // the error would show its password
		case i == 0:
			together = one
		default:
			together.Host += "," + one.Host
		}
	}
	return together.String()
}
