package envoy

import (
	"net/http"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	statusv1 "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"

	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/rationhttp"
)

// admitted lets a request pass. Its upstream learns whose it is, as by the proxy, and the
// client what remains.
func (s *checks) admitted(x *inbound.Request) *authv3.CheckResponse {
	leftover := s.reader.LeftoverOf(x)
	out := &authv3.OkHttpResponse{QueryParametersToRemove: leftover.Parameters}
	upstream := make(http.Header, 4)
	inbound.SetIdentity(upstream, &x.Answer.Decision)
	inbound.SetReservation(upstream, &x.Answer.Decision)
	upstream.Set(rationhttp.RequestIDHeader, x.ID)
	for name, values := range upstream {
		if values[0] == "" { // Envoy leaves out a field without a value, and keeps the client's
			leftover.Remove = append(leftover.Remove, strings.ToLower(name))
			continue
		}
		out.Headers = append(out.Headers, option(name, values[0]))
	}
	for name, values := range leftover.Replace {
		out.Headers = append(out.Headers, option(name, strings.Join(values, separatorOf(name))))
	}
	for _, name := range leftover.Remove { // which Envoy does after it has set the others
		if upstream.Get(name) == "" {
			out.HeadersToRemove = append(out.HeadersToRemove, name)
		}
	}
	for _, field := range x.Answer.Response.Fields {
		if s.config.Gate.Responder.OwnsField(field.Name) {
			out.ResponseHeadersToAdd = append(out.ResponseHeadersToAdd, option(field.Name, field.Value))
		}
	}
	return &authv3.CheckResponse{Status: &statusv1.Status{Code: int32(codes.OK)}, HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: out}}
}

// separatorOf is what stands between the values of a header.
func separatorOf(name string) string {
	if name == "Cookie" {
		return "; "
	}
	return ", "
}

// denied answers what the client is to get.
func (s *checks) denied(x *inbound.Request, response rationhttp.Response) *authv3.CheckResponse {
	response = s.reader.Reword(x, response)
	out := &authv3.DeniedHttpResponse{Status: &typev3.HttpStatus{Code: typev3.StatusCode(response.Status)}, Body: string(response.Body)}
	header := http.Header{rationhttp.RequestIDHeader: {x.ID}}
	if s.pages.Speaks() {
		s.pages.Apply(header, x.In)
	}
	for _, field := range response.Fields {
		header.Set(field.Name, field.Value)
	}
	for name, values := range header {
		out.Headers = append(out.Headers, option(name, strings.Join(values, ", ")))
	}
	return &authv3.CheckResponse{Status: &statusv1.Status{Code: int32(codeOf(response.Status))}, HttpResponse: &authv3.CheckResponse_DeniedResponse{DeniedResponse: out}}
}

// codeOf returns the code of gRPC that stands for a status of HTTP in Envoy's metrics.
func codeOf(status int) codes.Code {
	switch status {
	case http.StatusUnauthorized:
		return codes.Unauthenticated
	case http.StatusTooManyRequests:
		return codes.ResourceExhausted
	case http.StatusServiceUnavailable:
		return codes.Unavailable
	}
	return codes.PermissionDenied
}

// option sets a field, whatever the other side has in it.
func option(name, value string) *corev3.HeaderValueOption {
	return &corev3.HeaderValueOption{
		Header: &corev3.HeaderValue{Key: name, Value: value}, AppendAction: corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
	}
}
