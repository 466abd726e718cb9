package proxy

import "bytes"

// eventReader takes a stream of server-sent events apart (HTML standard, section
// 9.2.6), as far as their data goes.
type eventReader struct {
	event func(data []byte) // gets the data of each event that has any; must not keep it

	line      []byte // of which the end has not come
	begun     bool   // the line has something in it, kept or not
	data      []byte // of the event in hand, a line break after each line
	oversized bool   // the event is too large to be kept
	afterCR   bool   // a line feed that comes next ends no line
}

// write reads on.
func (e *eventReader) write(piece []byte) {
	for len(piece) > 0 {
		if e.afterCR && piece[0] == '\n' {
			piece = piece[1:]
		}
		e.afterCR = false
		end := bytes.IndexAny(piece, "\r\n")
		if end < 0 {
			e.add(&e.line, piece)
			e.begun = e.begun || len(piece) > 0
			return
		}
		e.add(&e.line, piece[:end])
		e.begun = e.begun || end > 0
		e.afterCR = piece[end] == '\r'
		piece = piece[end+1:]
		e.endLine()
	}
}

// end takes an event that nothing ended for one, as many a stream ends.
func (e *eventReader) end() {
	e.endLine()
	e.endEvent()
}

// add keeps a piece unless that would be too much.
func (e *eventReader) add(to *[]byte, piece []byte) {
	if e.oversized || len(*to)+len(piece) > maxReportBytes {
		e.oversized = true
		return
	}
	*to = append(*to, piece...)
}

func (e *eventReader) endLine() {
	line, begun := e.line, e.begun
	e.line, e.begun = e.line[:0], false
	if !begun {
		e.endEvent()
		return
	}
	if value, found := bytes.CutPrefix(line, []byte("data:")); found {
		e.add(&e.data, bytes.TrimPrefix(value, []byte(" ")))
		e.add(&e.data, []byte("\n"))
	}
}

func (e *eventReader) endEvent() {
	if data := bytes.TrimSuffix(e.data, []byte("\n")); len(data) > 0 && !e.oversized {
		e.event(data)
	}
	e.data, e.oversized = e.data[:0], false
}
