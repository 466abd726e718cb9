package cors

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ration-dev/ration"
)

// maxAge is for how long a browser need not ask again. Some ask earlier.
const maxAge = 10 * time.Minute

// The fields of an answer by which a browser decides.
const (
	fieldAllowOrigin      = "Access-Control-Allow-Origin"
	fieldAllowCredentials = "Access-Control-Allow-Credentials"
	fieldAllowMethods     = "Access-Control-Allow-Methods"
	fieldAllowHeaders     = "Access-Control-Allow-Headers"
	fieldMaxAge           = "Access-Control-Max-Age"
	fieldExpose           = "Access-Control-Expose-Headers"
)

// Policy says which pages may call. The zero Policy says nothing: answers stay
// as they are. It must not be changed once it is used, and is then safe for
// concurrent use.
type Policy struct {
	// Origins whose pages may call, exactly as browsers write them, or [All] alone.
	// None: the policy says nothing.
	Origins []string
	// Credentials lets pages send the cookies of their visitors too, for which
	// Origins must be named. A key in a header needs none of it.
	Credentials bool
	// Headers that requests may have beside those that they announce: an answer
	// for people who try it by hand.
	Headers []string
	// Exposed are the headers of answers that pages may read.
	Exposed []string
}

// Check refuses a policy that browsers would not follow. Its error is a
// [ration.InvalidError].
func (p *Policy) Check() error {
	for _, origin := range p.Origins {
		if err := CheckOrigin(origin); err != nil {
			return err
		}
	}
	switch {
	case p.all() && len(p.Origins) > 1:
		return &ration.InvalidError{Field: "origin", Value: All, Reason: `it stands for all origins; leave the others out`}
	case p.all() && p.Credentials:
		return &ration.InvalidError{Field: "credentials", Value: "true", Reason: `browsers send no cookies where "*" is allowed; name the origins`}
	case p.Credentials && !p.Speaks():
		return &ration.InvalidError{Field: "credentials", Value: "true", Reason: "it means nothing without origins"}
	}
	return nil
}

// Speaks reports whether the policy says anything.
func (p *Policy) Speaks() bool { return len(p.Origins) > 0 }

// Allows reports whether the page that sends a request may call.
func (p *Policy) Allows(r *http.Request) bool {
	origins := r.Header[fieldOrigin]
	return p.all() || len(origins) == 1 && slices.Contains(p.Origins, origins[0])
}

func (p *Policy) all() bool { return slices.Contains(p.Origins, All) }

// Apply puts into the header of an answer to r, whoever made it, what pages may
// do with it. The policy alone decides: what the header says of origins and
// credentials goes, because browsers refuse two such fields and would follow a
// wrong one. What it lets pages read besides stays.
func (p *Policy) Apply(header http.Header, r *http.Request) {
	header.Del(fieldAllowOrigin)
	header.Del(fieldAllowCredentials)
	if p.all() {
		header.Set(fieldAllowOrigin, All)
	} else {
		addNames(header, "Vary", fieldOrigin) // also where the page may not call: caches would take that answer for another page's
		if !p.Allows(r) {
			return
		}
		header.Set(fieldAllowOrigin, r.Header.Get(fieldOrigin))
		if p.Credentials {
			header.Set(fieldAllowCredentials, "true")
		}
	}
	addNames(header, fieldExpose, p.Exposed...)
}

// ApplyToPreflight puts into the header of the answer to a preflight which
// methods the page may use, and that it may send all headers that it announces:
// nothing that Ration decides by is in a header that a page could forge. The key's
// header is among them by name, because a "*" does not cover Authorization.
func (p *Policy) ApplyToPreflight(header http.Header, r *http.Request, methods []string) {
	header.Set(fieldAllowMethods, strings.Join(methods, ", "))
	addNames(header, fieldAllowHeaders, p.Headers...)
	addNames(header, fieldAllowHeaders, announcedHeaders(r)...)
	header.Set(fieldMaxAge, strconv.Itoa(int(maxAge/time.Second)))
	addNames(header, "Vary", fieldRequestMethod, fieldRequestHeaders)
}

// addNames adds the names to a field that lists names, which are compared
// without regard to letter case, and writes it as one line.
func addNames(header http.Header, field string, names ...string) {
	var all []string
	for _, value := range append(slices.Clone(header[field]), names...) {
		for name := range strings.SplitSeq(value, ",") {
			name = strings.Trim(name, " \t")
			if name != "" && !slices.ContainsFunc(all, func(other string) bool { return strings.EqualFold(name, other) }) {
				all = append(all, name)
			}
		}
	}
	if len(all) > 0 {
		header.Set(field, strings.Join(all, ", "))
	}
}
