package verify

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationhttp"
)

// appendAnswer writes a decision as encoding/json writes what answerOf returns, a fifth of
// whose time goes into reflection. FuzzAnswerIsThatOfEncodingJSON holds one against the
// other. Its error is that a time has a year beyond 9999.
func appendAnswer(out []byte, decision *ration.Decision, response *rationhttp.Response) ([]byte, error) {
	out = strconv.AppendBool(append(out, `{"allowed":`...), decision.Allowed())
	out = appendText(append(out, `,"code":`...), string(decision.Code))
	out = append(out, `,"key":`...)
	if decision.KeyID.IsZero() {
		out = append(out, "null"...)
	} else {
		out = appendText(append(out, `{"id":`...), decision.KeyID.String())
		out = appendText(append(out, `,"name":`...), decision.KeyName)
		out = appendText(append(out, `,"owner":`...), decision.Owner)
		out = append(appendText(append(out, `,"plan":`...), decision.Plan), '}')
	}
	out = append(out, `,"limits":[`...)
	for i := range decision.Limits {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = appendLimit(out, &decision.Limits[i]); err != nil {
			return out, err
		}
	}
	out = append(out, ']')
	if seconds := wire.Seconds(decision.RetryAfter); seconds != nil {
		out = strconv.AppendInt(append(out, `,"retry_after":`...), *seconds, 10)
	}
	if decision.DryRun {
		out = append(out, `,"dry_run":true`...)
	}
	if decision.Replayed {
		out = append(out, `,"replayed":true`...)
	}
	out = appendResponse(append(out, `,"response":`...), response)
	return append(out, '}'), nil
}

func appendLimit(out []byte, status *ration.LimitStatus) ([]byte, error) {
	out = appendText(append(out, `{"name":`...), status.Name)
	out = appendText(append(out, `,"meter":`...), status.Meter)
	out = appendText(append(out, `,"kind":`...), string(status.Kind))
	out = appendText(append(out, `,"period":`...), string(status.Period))
	out = appendNumber(append(out, `,"limit":`...), status.Unit, status.Size())
	out = appendNumber(append(out, `,"used":`...), status.Unit, status.Used)
	out = appendNumber(append(out, `,"reserved":`...), status.Unit, status.Reserved)
	out = appendNumber(append(out, `,"remaining":`...), status.Unit, status.Remaining)
	out = append(out, `,"resets_at":`...)
	if status.ResetsAt.IsZero() {
		return append(out, "null}"...), nil
	}
	out, err := appendTime(out, status.ResetsAt)
	return append(out, '}'), err
}

func appendTime(out []byte, t time.Time) ([]byte, error) {
	out, err := t.UTC().AppendText(append(out, '"'))
	return append(out, '"'), err
}

func appendNumber(out []byte, unit ration.Unit, units int64) []byte {
	if unit == 0 {
		return strconv.AppendInt(out, units, 10)
	}
	return append(out, unit.Text(units)...)
}

// appendResponse writes the client's answer, with its headers in the order of their names.
// Of several with one name the last counts.
func appendResponse(out []byte, response *rationhttp.Response) []byte {
	out = strconv.AppendInt(append(out, `{"status":`...), int64(response.Status), 10)
	var some [8]rationhttp.Field
	fields := append(some[:0], response.Fields...)
	slices.SortStableFunc(fields, func(a, b rationhttp.Field) int { return strings.Compare(a.Name, b.Name) })
	out = append(out, `,"headers":{`...)
	first := true
	for i := range fields {
		if i+1 < len(fields) && fields[i+1].Name == fields[i].Name {
			continue
		}
		if !first {
			out = append(out, ',')
		}
		first = false
		out = append(appendText(out, fields[i].Name), ':')
		out = appendText(out, fields[i].Value)
	}
	return append(appendText(append(out, `},"body":`...), response.Body), '}')
}

// appendText writes text as encoding/json does, which is called for what isn't plain ASCII.
func appendText[T string | []byte](out []byte, text T) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, _ := json.Marshal(string(text)) // a string can always be written
			return append(out, quoted...)
		}
	}
	return append(append(append(out, '"'), text...), '"')
}
