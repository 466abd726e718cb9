package inbound

import (
	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/cors"
	"github.com/ration-dev/ration/internal/rewrite"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

// Config says how a Reader reads requests.
type Config struct {
	Via    string // the way in, for logs
	Routes *route.Table
	Gate   rationhttp.Gate
	// WholeExchange says that the way in passes on the body and gets the answer: then the
	// body may be examined, a charge given back, and a slot of a concurrent limit held
	// until the answer ends.
	WholeExchange bool
	// CORS says which web pages may call. If it is set, the way in answers preflights
	// itself.
	CORS cors.Policy
	// Preflights says what happens to preflights if CORS is not set.
	Preflights Preflights
	// PreflightRate is how many preflights per second reach the upstream from one
	// address. Zero: [DefaultPreflightRate].
	PreflightRate int
	// UsagePath is the path of requests about what their key has used; empty: none is.
	UsagePath string
	// AllowOverrides takes requests whose headers or query name another method than
	// their own.
	AllowOverrides bool
	// RefuseAliases refuses requests with another spelling of a header that only Ration or
	// its gateway sets: a way in that can't drop it has to.
	RefuseAliases bool
	// SecretPrefix is the prefix by which a Ration secret is recognised. Empty:
	// [ration.DefaultSecretPrefix].
	SecretPrefix string
	// FixedHeaders are names of headers that the way in sets by itself.
	FixedHeaders []string
	// PassHeaders are names of headers that reach the upstream from every client.
	PassHeaders []string
	// Errors has the form of answers that refuse. Nil: problem details (RFC 9457).
	Errors *rewrite.Errors
}

// ForGateway returns the configuration of a way in by which a gateway asks about requests,
// and how answers that refuse let web pages read them: preflights are answered by the API
// behind the gateway.
func (c Config) ForGateway(via string, pages cors.Policy) (Config, cors.Policy) {
	c.Via, c.CORS, c.WholeExchange = via, cors.Policy{}, false
	if pages.Speaks() {
		c.Preflights = PreflightsUpstream
		pages.Exposed = c.Gate.Responder.FieldNames()
	}
	return c, pages
}

func (c Config) withDefaults() Config {
	if c.SecretPrefix == "" {
		c.SecretPrefix = ration.DefaultSecretPrefix
	}
	if c.PreflightRate == 0 {
		c.PreflightRate = DefaultPreflightRate
	}
	return c
}
