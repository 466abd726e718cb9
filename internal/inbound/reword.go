package inbound

import (
	"slices"

	"github.com/ration-dev/ration/internal/rewrite"
	"github.com/ration-dev/ration/rationhttp"
)

// Reword gives an error of ours the form that the configuration wants. All fields
// but the content type stay, so that clients still learn when to come back.
func (r *Reader) Reword(x *Request, response rationhttp.Response) rationhttp.Response {
	problem := response.Problem // what may be told was decided when it was made
	if r.config.Errors == nil || problem == nil {
		return response
	}
	worded, found := r.config.Errors.Word(rewrite.Problem{
		Status: problem.Status, Code: problem.Code, Detail: problem.Detail, RequestID: x.ID,
		RetryAfter: response.Field("Retry-After"), Decision: &x.Answer.Decision,
	})
	if !found {
		return response
	}
	fields := slices.Clone(response.Fields)
	for i := range fields {
		if fields[i].Name == "Content-Type" {
			fields[i].Value = worded.ContentType
		}
	}
	return rationhttp.Response{Status: worded.Status, Fields: fields, Body: worded.Body}
}
