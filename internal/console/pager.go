package console

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
)

// pager leads from one page of a list to others.
type pager struct {
	Number                int
	First, Previous, Next string // addresses; empty: there is no such page
}

// pagesBack is how many pages an address remembers, so that it stays short.
const pagesBack = 20

// newPager returns what leads on from the page of an address. Lists go on after a row, and
// none knows what comes before one: so an address has the beginnings of the pages between
// the first and its own.
func newPager(path string, values url.Values, next string) pager {
	after, before := values.Get("after"), slices.Clone(values["before"])
	number, _ := strconv.Atoi(values.Get("page"))
	filter := maps.Clone(values)
	maps.DeleteFunc(filter, func(name string, all []string) bool {
		return slices.Contains([]string{"after", "before", "page"}, name) || slices.Equal(all, []string{""})
	})
	address := func(after string, before []string, number int) string {
		to := maps.Clone(filter)
		if after != "" {
			to["after"], to["before"], to["page"] = []string{after}, before, []string{strconv.Itoa(number)}
		}
		if len(to) == 0 {
			return path
		}
		return path + "?" + to.Encode()
	}
	p := pager{Number: 1}
	if after != "" {
		p.Number, p.First = max(2, number), address("", nil, 1)
		if last := len(before) - 1; last >= 0 {
			p.Previous = address(before[last], before[:last], p.Number-1)
		} else if p.Number == 2 {
			p.Previous = p.First
		}
		before = append(before, after)
	}
	if next != "" {
		p.Next = address(next, before[max(0, len(before)-pagesBack):], p.Number+1)
	}
	return p
}
