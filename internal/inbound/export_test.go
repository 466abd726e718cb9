package inbound

import (
	"net/http"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

// Believed and Endings are the lists that the documentation has too.
var Believed, Endings = believed, endings

// Cleaner returns what is done to the header of a request that presents a secret.
func Cleaner(secret string) func(http.Header) {
	table, err := route.Compile(route.Config{})
	if err != nil {
		panic(err)
	}
	r := NewReader(Config{Routes: table})
	x := &Request{Route: &route.Compiled{}, Answer: rationhttp.Answer{Credential: rationhttp.Credential{Secret: ration.SecretFromText(secret)}}}
	return func(header http.Header) {
		r.Clean(header, false)
		r.StripSecret(header, x)
	}
}
