package testdb

import "encoding/binary"

// spoiled is what arrives in the place of a COMMIT's answer.
type spoiled struct {
	severity, state string
	times           int
}

// SwallowWarnings keeps back what the server says beside its answers, notices and
// warnings, until Heal. Nothing else is missing.
func (w *Wire) SwallowWarnings() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.discreet = true
}

// SpoilCommits puts an error with a severity and a SQLSTATE in the place of the
// server's answer to the next COMMITs, so many of them: it has committed. After
// FATAL and PANIC the connection ends. Transactions that are sent whole, in one
// round trip, don't count.
func (w *Wire) SpoilCommits(severity, state string, times int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spoiled = spoiled{severity, state, times}
}

// reword returns what arrives of a server's message, nil for nothing, and whether
// the connection ends with it.
func (w *Wire) reword(m message, whole bool) (arrives message, last bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.discreet && m[0] == 'N':
		return nil, false
	case w.spoiled.times > 0 && m.committed() && !whole:
		w.spoiled.times--
		return errorMessage(w.spoiled.severity, w.spoiled.state), w.spoiled.severity != "ERROR"
	}
	return m, false
}

// errorMessage is an ErrorResponse.
func errorMessage(severity, state string) message {
	body := "S" + severity + "\x00V" + severity + "\x00C" + state + "\x00Mthe wire says so\x00\x00"
	return append(binary.BigEndian.AppendUint32([]byte{'E'}, uint32(4+len(body))), body...)
}
