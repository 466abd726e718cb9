package envoy

import (
	"context"
	"errors"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/cors"
	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/rationhttp"
)

// ViaCheck is external authorization's name in charges and events.
const ViaCheck = "ext-authz-grpc"

// checks implements envoy.service.auth.v3.Authorization.
type checks struct {
	authv3.UnimplementedAuthorizationServer
	*service
	reader *inbound.Reader
	pages  cors.Policy // that may read an answer that refuses
}

func newChecks(s *service) *checks {
	config := s.config.Inbound
	config.Gate = s.config.Gate
	config, pages := config.ForGateway(ViaCheck, s.config.CORS)
	return &checks{service: s, reader: inbound.NewReader(config), pages: pages}
}

// Check decides about a request that Envoy holds back, by the routes of the proxy. Whatever
// is decided is in the answer, also that the database can't be reached: Envoy itself would
// turn an error into 403, or let the request pass.
func (s *checks) Check(ctx context.Context, in *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	caller, err := s.recognize(ctx)
	if err != nil {
		return nil, err
	}
	response, err := s.check(ctx, in, caller)
	if refused := s.confirm(ctx, caller); refused != nil {
		return nil, refused
	}
	return response, err
}

func (s *checks) check(ctx context.Context, in *authv3.CheckRequest, caller *bearer.Caller) (*authv3.CheckResponse, error) {
	original, impossible := requestOf(ctx, in.GetAttributes())
	if original == nil {
		return nil, s.failed(ctx, impossible)
	}
	said, err := readExtensions(in.GetAttributes().GetContextExtensions())
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	x := &inbound.Request{In: original, ID: s.config.Gate.TrustedProxies.RequestID(original)}
	if err := s.judge(x, said, impossible); err != nil {
		response := s.reader.Refusal(x, err)
		s.tell(ctx, x, rationhttp.Event{Code: ration.Code(response.Problem.Code), Status: response.Status})
		return s.denied(x, response), nil
	}
	if x.Route.Free {
		s.tell(ctx, x, rationhttp.Event{Code: inbound.UncountedCode(x)})
		return s.admitted(x), nil
	}
	x.Question.Token = caller.Digest()
	x.Answer = s.config.Gate.Ask(ctx, *s.reader.CallerOf(x), x.Question)
	if refused, ok := errors.AsType[*bearer.Refusal](caller.Found(ctx, &x.Answer.Decision, x.Answer.Err)); ok {
		return nil, s.refused(ctx, refused)
	}
	if !x.Answer.Admitted {
		return s.denied(x, x.Answer.Response), nil
	}
	return s.admitted(x), nil
}

// judge finds the route of a request, unless it is impossible, and puts what Envoy's own
// route says in place of what it says.
func (s *checks) judge(x *inbound.Request, said extensions, impossible error) error {
	if impossible != nil {
		return impossible
	}
	if err := s.reader.Judge(x); err != nil {
		return err
	}
	if said.amounts != nil {
		x.Question.Amounts = said.amounts
	}
	if said.scope != "" {
		x.Question.Scope = said.scope
	}
	return s.reader.AskOnce(x)
}

// tell tells the observer of an answer that the gate was not asked about.
func (s *checks) tell(ctx context.Context, x *inbound.Request, event rationhttp.Event) {
	if s.config.Gate.Observe == nil {
		return
	}
	event.Via, event.RequestID = ViaCheck, x.ID
	if x.Route != nil {
		event.Route = x.Route.Name
	}
	s.config.Gate.Observe(ctx, event)
}
