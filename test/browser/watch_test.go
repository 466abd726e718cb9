package browser_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// watch notes what a page does that it must not do, and how much it loads.
type watch struct {
	hosts []string // that may be asked

	mu     sync.Mutex
	found  []string
	loaded int // bytes that came over the wire
	ended  int // requests that have ended
}

func newWatch(urls []string) *watch {
	w := &watch{}
	for _, text := range urls {
		w.allow(text)
	}
	return w
}

// allow lets the host of a URL be asked.
func (w *watch) allow(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if parsed, err := url.Parse(text); err == nil {
		w.hosts = append(w.hosts, parsed.Host)
	}
}

// note takes an event of the browser.
func (w *watch) note(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch event := event.(type) {
	case *network.EventRequestWillBeSent:
		asked, err := url.Parse(event.Request.URL)
		if err != nil || asked.Scheme != "data" && asked.Scheme != "about" && !slices.Contains(w.hosts, asked.Host) {
			w.found = append(w.found, "a request to another host: "+event.Request.URL)
		}
	case *network.EventLoadingFinished:
		w.loaded += int(event.EncodedDataLength)
		w.ended++
	case *runtime.EventExceptionThrown:
		details := event.ExceptionDetails
		text := details.Text
		if details.Exception != nil {
			text += " " + details.Exception.Description
		}
		w.found = append(w.found, fmt.Sprintf("an exception in a script at %s:%d: %s", details.URL, details.LineNumber, text))
	case *runtime.EventConsoleAPICalled:
		if event.Type == runtime.ConsoleAPICalledTypeError || event.Type == runtime.ConsoleAPICalledTypeWarning || event.Type == runtime.ConsoleAPICalledTypeAssert {
			w.found = append(w.found, fmt.Sprintf("a script wrote a %s to the console: %s", event.Type, argumentsOf(event.Args)))
		}
	case *log.EventEntryAdded:
		// An answer with 4xx is no fault of the page: tests look at what it shows.
		if entry := event.Entry; (entry.Level == log.EntryLevelError || entry.Level == log.EntryLevelWarning) && !strings.Contains(entry.Text, "the server responded with a status of 4") {
			w.found = append(w.found, fmt.Sprintf("the browser notes (%s): %s %s", entry.Source, entry.Text, entry.URL))
		}
	}
}

func argumentsOf(args []*runtime.RemoteObject) string {
	var texts []string
	for _, arg := range args {
		texts = append(texts, string(arg.Value)+arg.Description)
	}
	return strings.Join(texts, " ")
}

// faults returns what was noted, and forgets it.
func (w *watch) faults() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := w.found
	w.found = nil
	return found
}

// weight returns how many bytes came over the wire since it was last asked.
func (w *watch) weight() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	loaded := w.loaded
	w.loaded = 0
	return loaded
}
