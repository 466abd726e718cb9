package rationadmin

import (
	"context"

	"github.com/google/uuid"
)

// Origin says where a change comes from, for the audit log. It travels in the context
// of a call, since only those who speak with a client know it.
type Origin struct {
	From    string    // the client's IP address, or "socket" for the administration socket; empty: not known, as of a command that has the database open itself
	TokenID uuid.UUID // the service token that the change is made with; zero: none
}

// originKey is the context's key of an Origin.
type originKey struct{}

// WithOrigin returns a context in which changes come from an origin.
func WithOrigin(ctx context.Context, origin Origin) context.Context {
	return context.WithValue(ctx, originKey{}, origin)
}

// OriginOf returns the origin of what is changed in a context, and the zero Origin if
// nobody has said it.
func OriginOf(ctx context.Context) Origin {
	origin, _ := ctx.Value(originKey{}).(Origin)
	return origin
}
