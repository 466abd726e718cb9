package proxy

import (
	"bytes"
	"mime"
	"net/http"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/numeral"
	"github.com/ration-dev/ration/internal/rewrite"
	"github.com/ration-dev/ration/internal/route"
)

// maxReportBytes bounds what is kept of a JSON answer, or of an event, to find in
// it what was used.
const maxReportBytes = 1 << 20

// report is what an answer has told so far of how much was used. It copies what it
// needs of a body while that passes, so the body waits for nothing.
type report struct {
	places  []route.CompiledReport
	headers []string // what header fields told; empty: nothing
	told    []string // what the body told

	content   []byte // of a JSON answer
	oversized bool   // it is too large to be kept
	events    *eventReader
	ended     bool // nothing of the body is to come
}

// newReport begins with an answer's header, and has its body read if that may tell
// more.
func newReport(places []route.CompiledReport, response *http.Response) *report {
	r := &report{places: places, headers: make([]string, len(places)), told: make([]string, len(places))}
	var json, events bool
	for i, place := range places {
		if values := response.Header[place.Header]; len(values) == 1 {
			r.headers[i] = strings.Trim(values[0], " \t")
		}
		json, events = json || place.JSON != nil, events || place.SSE != nil
	}
	encoding := response.Header.Get("Content-Encoding")
	if response.StatusCode == http.StatusSwitchingProtocols || encoding != "" && encoding != "identity" {
		return r
	}
	kind := response.Header.Get("Content-Type")
	switch {
	case json && rewrite.IsJSON(kind):
		response.Body = &watched{response.Body, r.keep, r.end}
	case events && isEventStream(kind):
		r.events = &eventReader{event: r.readEvent}
		response.Body = &watched{response.Body, r.events.write, r.end}
	}
	return r
}

// end notes that the body is complete.
func (r *report) end() { r.ended = true }

// amounts returns what was used, as far as it was told: the number of a header field
// before that of the body. What the body of an answer told that a client has left
// before its end doesn't count: early numbers are small, so that leaving would pay. It
// also returns the meters whose number is finer than any unit.
func (r *report) amounts(left bool) (amounts []ration.Amount, rounded []string) {
	if r.events != nil {
		r.events.end()
	}
	for i, place := range r.places {
		if place.JSON != nil && len(r.content) > 0 && !r.oversized {
			if value, found := place.JSON.Find(r.content); found {
				r.told[i] = string(value)
			}
		}
		if left && !r.ended {
			r.told[i] = ""
		}
		for _, text := range []string{r.headers[i], r.told[i]} {
			number, err := numeral.Parse(text)
			if err != nil {
				continue
			}
			amounts = append(amounts, number.Amount(place.Meter))
			if number.Rounded {
				rounded = append(rounded, place.Meter)
			}
			break
		}
	}
	return amounts, rounded
}

// keep copies a piece of a JSON answer.
func (r *report) keep(piece []byte) {
	if r.oversized || len(r.content)+len(piece) > maxReportBytes {
		r.oversized, r.content = true, nil
		return
	}
	r.content = append(r.content, piece...)
}

// readEvent takes what an event tells; later events may tell more.
func (r *report) readEvent(data []byte) {
	if bytes.Equal(data, endOfEvents) {
		r.ended = true
		return
	}
	for i, place := range r.places {
		if place.SSE == nil {
			continue
		}
		value, _ := place.SSE.Find(data)
		if _, err := numeral.Parse(string(value)); err == nil {
			r.told[i] = string(value)
		}
	}
}

// endOfEvents is how some streams say that no event follows.
var endOfEvents = []byte("[DONE]")

func isEventStream(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && kind == "text/event-stream"
}
