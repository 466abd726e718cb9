package inbound

import (
	"net/http"

	"github.com/ration-dev/ration"
)

// The headers by which an upstream learns whose request it is.
const (
	headerSubject = "X-Auth-Subject"
	headerKeyID   = "X-Auth-Key-Id"
	headerPlan    = "X-Auth-Plan"

	// headerReservation has the id of what the request's route has reserved.
	headerReservation = "X-Auth-Reservation"
)

// SetIdentity tells the upstream whose request it is. The headers are always there, so
// that an upstream that trusts them never reads a client's own.
func SetIdentity(header http.Header, decision *ration.Decision) {
	if decision.KeyID.IsZero() {
		header.Set(headerSubject, "")
		header.Set(headerKeyID, "")
		header.Set(headerPlan, "")
		return
	}
	id := decision.KeyID.String()
	subject := decision.Owner
	if subject == "" || !isFieldValue(subject) { // an owner that can't arrive as it is could arrive as another
		subject = id
	}
	header.Set(headerSubject, subject)
	header.Set(headerKeyID, id)
	header.Set(headerPlan, decision.Plan)
}

// SetReservation tells an upstream that settles by itself which reservation it is; empty:
// none was made.
func SetReservation(header http.Header, decision *ration.Decision) {
	header.Set(headerReservation, "")
	if decision.Reservation != nil {
		header.Set(headerReservation, decision.Reservation.ID.String())
	}
}
