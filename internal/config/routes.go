package config

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/numeral"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

// routeEntry is a route as the file has it. Amounts are read from their nodes:
// the decoder would take 1.5 for 1.
type routeEntry struct {
	Name        string              `yaml:"name" form:"text" doc:"The route's name in messages. None: its path."`
	Methods     []string            `yaml:"methods" form:"list" doc:"Methods that match, such as [POST]. None: all. GET includes HEAD."`
	Path        string              `yaml:"path" form:"text" doc:"An exact path (/v1/search), or one that ends in /* and stands for everything below it (/static/*). A segment *, {name} or :name stands for any one segment. A route that isn't free also matches similar spellings of its path, such as another letter case or ending. Required."`
	Free        bool                `yaml:"free" form:"true or false" doc:"Asks for no key and counts nothing."`
	Amounts     map[string]ast.Node `yaml:"amounts" form:"meter: number" doc:"What a request costs. None: one request. {requests: 0} needs a key and costs nothing. A meter with a unit takes decimals, such as {eur: 0.002}; what is finer than the unit is rounded up."`
	Scope       string              `yaml:"scope" form:"text" doc:"A scope that the key must have."`
	KeyQuery    string              `yaml:"key_query" form:"parameter name" doc:"Also accepts the secret in this parameter of the URL. URLs end up in logs and browser histories."`
	FailOpen    bool                `yaml:"fail_open" form:"true or false" doc:"While no decision can be made, lets requests with a key pass uncounted. For that time it gives up the count, and revoked keys pass too."`
	Refunds     ast.Node            `yaml:"refunds" form:"outcome list" doc:"The outcomes after which the charge is given back, such as [unreachable, 503]. None: those of the setting refunds. []: never."`
	Idempotency ast.Node            `yaml:"idempotency" form:"true, false or required" doc:"Whether a call with the Idempotency-Key of an earlier one is refused, so that it reaches the upstream only once. required also refuses calls without such a key. None: false, and the header is just passed on."`
	Reserve     ast.Node            `yaml:"reserve" form:"{ttl, at_expiry}" doc:"Reserves the amounts until the answer has ended, instead of charging them. Use it with settle. ttl: how long at most (15m). at_expiry: keep or release the amounts if nobody settles."`
	Settle      ast.Node            `yaml:"settle" form:"meter: {header, json, sse}" doc:"Where the upstream reports how much of a meter was really used: a header field, a JSON pointer into a JSON answer, or one into the last event of a stream that has it. It counts at most what was reserved."`
	NoRewrite   bool                `yaml:"no_rewrite" form:"true or false" doc:"Passes this route's answers on unchanged."`
}

// RouteFields returns what an entry of the setting routes may have, in the order
// of the reference.
func RouteFields() []Setting {
	var fields []Setting
	for field := range reflect.TypeFor[routeEntry]().Fields() {
		fields = append(fields, Setting{Name: field.Tag.Get("yaml"), Form: field.Tag.Get("form"), Doc: field.Tag.Get("doc")})
	}
	return fields
}

// decodeRoutes reads the routes and has them checked by the package that uses them. A
// route that can't be read in part is checked for the rest, so that all faults are
// told at once.
func decodeRoutes(config *Config, node ast.Node) error {
	sequence, ok := withoutAliases(node).(*ast.SequenceNode)
	if !ok {
		return &placedError{node.GetToken(), errors.New("give a list")}
	}
	routes, unread := make([]route.Route, len(sequence.Values)), make(map[int][]string)
	var errs []error
	for i, item := range sequence.Values {
		var entry routeEntry
		fields, faults := decodeFields(item, &entry)
		read, more, values := entry.route()
		routes[i] = read
		if faults = append(faults, values...); faults != nil {
			unread[i], errs = append(fields, more...), append(errs, faults...)
		}
	}
	for _, err := range partsOf(route.Check(routes, unread)) {
		errs = append(errs, placeRoute(sequence, err))
	}
	if errs != nil {
		return inOrder(errs)
	}
	for i := range routes {
		config.noteMethods(i, routes[i].Methods)
	}
	config.Routes.Routes = routes
	return nil
}

// inOrder joins errors in the order of the file. Each is told once: a part of the file
// may be used several times, by its anchor.
func inOrder(errs []error) error {
	slices.SortStableFunc(errs, comparePlaces)
	errs = slices.CompactFunc(errs, func(a, b error) bool { return comparePlaces(a, b) == 0 && a.Error() == b.Error() })
	return errors.Join(errs...)
}

func comparePlaces(a, b error) int {
	first, _ := errors.AsType[*placedError](a)
	second, _ := errors.AsType[*placedError](b)
	if first == nil || second == nil {
		return 0
	}
	return cmp.Or(cmp.Compare(first.at.Position.Line, second.at.Position.Line), cmp.Compare(first.at.Position.Column, second.at.Position.Column))
}

// route puts an entry into the words of the package that uses it. It also returns
// the fields that can't be read, and why.
func (e *routeEntry) route() (read route.Route, unread []string, errs []error) {
	note := func(field string, err error) {
		if parts := partsOf(err); parts != nil {
			unread, errs = append(unread, field), append(errs, parts...)
		}
	}
	read = route.Route{
		Name: e.Name, Methods: e.Methods, Path: e.Path, Free: e.Free,
		Scope: e.Scope, KeyQuery: e.KeyQuery, FailOpen: e.FailOpen, NoRewrite: e.NoRewrite,
	}
	var err error
	read.Amounts, err = e.amounts()
	note("amounts", err)
	read.Refunds, err = e.refunds()
	note("refunds", err)
	read.Idempotency, err = e.idempotency()
	note("idempotency", err)
	read.Reserve, err = e.reserve()
	note("reserve", err)
	return read, unread, errs
}

// noteMethods tells of methods that are allowed and perhaps mistyped: the route
// would then match nothing.
func (c *Config) noteMethods(route int, methods []string) {
	for _, method := range methods {
		switch method {
		case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
			http.MethodOptions, http.MethodConnect, http.MethodTrace:
		default:
			c.Notes = append(c.Notes, fmt.Sprintf("routes[%d].methods: %.64q is not a usual method; methods are such as GET or POST", route, method))
		}
	}
}

func (e *routeEntry) amounts() (map[string]ration.Amount, error) {
	amounts := make(map[string]ration.Amount, len(e.Amounts))
	var errs []error
	for meter, node := range e.Amounts {
		written, whole := scalar(node, integer)
		_, float := node.(*ast.FloatNode)
		number, err := numeral.Parse(written)
		if !whole && !float || err != nil || number.Rounded {
			errs = append(errs, &placedError{node.GetToken(), &ration.InvalidError{
				Field: "routes amounts." + meter, Value: written, Reason: "give a number from 0 to 9007199254740992, in steps of 0.000000001 at the least",
			}})
		}
		amounts[meter] = number.Amount(meter)
	}
	return amounts, errors.Join(errs...)
}

// refunds returns what an entry says of refunds; nil: nothing.
func (e *routeEntry) refunds() (*rationhttp.Refunds, error) {
	if e.Refunds == nil {
		return nil, nil //nolint:nilnil // to say nothing is valid
	}
	outcomes, err := items(e.Refunds, words)
	if err != nil {
		return nil, err
	}
	refunds, err := rationhttp.ParseRefunds(outcomes)
	if err != nil {
		return nil, placeItems(e.Refunds, err, func(err error) error { return within("routes refunds", err) })
	}
	return &refunds, nil
}

// idempotency returns what an entry says of idempotency keys.
func (e *routeEntry) idempotency() (route.Idempotency, error) {
	if e.Idempotency == nil {
		return route.IdempotencyOff, nil
	}
	written, isBool := scalar(e.Idempotency, boolean)
	_, isText := scalar(e.Idempotency, text)
	switch {
	case isText && written == string(route.IdempotencyRequired):
		return route.IdempotencyRequired, nil
	case isBool && written == "true":
		return route.IdempotencyOn, nil
	case isBool && written == "false":
		return route.IdempotencyOff, nil
	}
	return "", &placedError{start(e.Idempotency), &ration.InvalidError{Field: "routes idempotency", Value: written, Reason: "use true, false or required"}}
}

// placedError is an error of one part of a setting's value.
type placedError struct {
	at  *token.Token
	err error
}

// Error implements error.
func (e *placedError) Error() string { return e.err.Error() }

// Unwrap gives errors.Is and As the cause.
func (e *placedError) Unwrap() error { return e.err }

// placeRoute finds the route that an error speaks of: its field begins with
// "routes[2].".
func placeRoute(sequence *ast.SequenceNode, err error) error {
	invalid, ok := errors.AsType[*ration.InvalidError](err)
	if !ok {
		return err
	}
	index, _, _ := strings.Cut(strings.TrimPrefix(invalid.Field, "routes["), "]")
	if i, notNumber := strconv.Atoi(index); notNumber == nil && i < len(sequence.Values) {
		return &placedError{start(sequence.Values[i]), err}
	}
	return err
}

// placeDecoding says in the words of a file what the decoder says in Go's.
func placeDecoding(err error) error {
	var fault yaml.Error
	if !errors.As(err, &fault) {
		return err
	}
	reason := withoutContent(fault.GetMessage())
	if typed, ok := errors.AsType[*yaml.TypeError](err); ok {
		reason = "give a text"
		if typed.DstType.Kind() == reflect.Bool {
			reason = "give true or false"
		}
	}
	if shape, ok := errors.AsType[*yaml.UnexpectedNodeTypeError](err); ok {
		reason = "give a " + strings.ReplaceAll(strings.ToLower(shape.Expected.String()), "sequence", "list")
		if shape.Expected == ast.SequenceType && fault.GetToken().Type == token.StringType {
			reason += ", such as [" + strings.ToUpper(fault.GetToken().Value) + "]"
		}
	}
	return &placedError{fault.GetToken(), errors.New(reason)}
}

// start returns the first word of a node; a mapping's own token is its first colon.
func start(node ast.Node) *token.Token {
	if mapping, ok := node.(*ast.MappingNode); ok && len(mapping.Values) > 0 {
		return mapping.Values[0].Key.GetToken()
	}
	return node.GetToken()
}
