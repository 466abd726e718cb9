package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/bearer"
)

// maxQuestions is how many questions one array has at most.
const maxQuestions = 100

// usualAnswer is about the length of an answer, in bytes.
const usualAnswer = 1 << 10

// errKeyOfMany says that an idempotency key stands for one decision.
var errKeyOfMany = &refusal{
	status: http.StatusBadRequest, code: "invalid_idempotency_key", detail: "An Idempotency-Key is for one question. Send the questions one by one, each with a key of its own.",
}

func isArray(body []byte) bool {
	body = bytes.TrimLeft(body, " \t\r\n")
	return len(body) > 0 && body[0] == '['
}

// askEach puts the questions of an array to the Charger, all at once, and answers them in
// their order. Each is decided as if it were alone, and fails alone.
func (h *Handler) askEach(c *call, buffers *buffers) error {
	questions, err := elements(buffers.in.Bytes())
	if err != nil {
		return err
	}
	within, done := c.wait()
	c.turn = make(chan struct{}, 1) // an array of dry runs takes no more readers than one
	parts := make([]part, len(questions))
	var asking sync.WaitGroup
	for i := range questions {
		parts[i].call, parts[i].asks = *c, *c.asks
		parts[i].call.asks, parts[i].within = &parts[i].asks, within
		asking.Go(func() { parts[i].ask(h, questions[i]) })
	}
	asking.Wait()
	done()
	if err := refusalOfAll(c, parts); err != nil {
		return err
	}
	out, minimal := buffers.text[:0], false
	out = append(out, '[')
	for i := range parts {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, parts[i].answer...)
		minimal = minimal || parts[i].shortened
	}
	if minimal {
		c.w.Header().Set("Preference-Applied", preferenceApplied)
	}
	out = append(out, ']', '\n')
	buffers.text = out
	sendJSON(c.w, out)
	for i := range parts {
		h.observe(&parts[i].call)
	}
	c.told = true
	return nil
}

// part is one question of several.
type part struct {
	call
	asks      bearer.Caller
	answer    []byte
	shortened bool  // the answer is minimal
	err       error // why it has no decision
	fault     any   // what it panicked with
}

func (p *part) ask(h *Handler, body []byte) {
	defer func() { p.fault = recover() }()
	q := &question{}
	decision, err := h.decided(&p.call, q, body)
	if err == nil {
		p.answer, p.shortened, err = h.appendDecision(make([]byte, 0, usualAnswer), &p.call, q, &decision)
	}
	if err != nil {
		p.err = err
		p.answer = h.failure(&p.call, err)
	}
}

// failure is the answer to a question that got no decision.
func (h *Handler) failure(c *call, err error) []byte {
	var problem *api.Problem
	if refused, ok := errors.AsType[*refusal](err); ok {
		problem = h.own.Problem(refused.problem(c.id)).Problem
		c.noteRefused(refused)
	} else {
		problem = h.own.Failed(err, c.id).Problem
		c.noteFailed(err, problem.Status)
	}
	answer, _ := json.Marshal(api.VerifyFailure{Code: problem.Code, Problem: *problem}) // has nothing that can't be written
	return answer
}

// refusalOfAll returns why none of the questions is answered: the token is not valid, which
// the decisions have said or, where there was none, is asked now.
func refusalOfAll(c *call, parts []part) error {
	decided := false
	for i := range parts {
		if parts[i].fault != nil {
			panic(parts[i].fault) // where net/http expects it
		}
		if parts[i].err == nil {
			decided = true
		}
	}
	if decided {
		return nil
	}
	for i := range parts {
		if refused, ok := errors.AsType[*refusal](parts[i].err); ok && refused.challenge != "" {
			return refused
		}
		if parts[i].asks.Checked() { // it has had its answer, or can get none
			c.asks = &parts[i].asks
		}
	}
	return c.confirmOr(nil)
}

// elements returns the elements of an array.
func elements(body []byte) ([][]byte, error) {
	if !jsontext.Value(body).IsValid(lenient, jsontext.AllowDuplicateNames(true)) {
		return nil, invalidBody("", syntaxFault(body))
	}
	decoder := jsontext.NewDecoder(bytes.NewBuffer(body), lenient, jsontext.AllowDuplicateNames(true))
	_, _ = decoder.ReadToken() // of a document that is valid
	var all [][]byte
	for decoder.PeekKind() != jsontext.KindEndArray {
		if len(all) == maxQuestions {
			return nil, invalidValue("", "ask at most "+strconv.Itoa(maxQuestions)+" questions at once")
		}
		value, err := decoder.ReadValue()
		if err != nil {
			return nil, invalidBody("", syntaxFault(body))
		}
		end := decoder.InputOffset()
		all = append(all, body[end-int64(len(value)):end]) // where it is, so that no copy of a secret is left
	}
	if len(all) == 0 {
		return nil, invalidValue("", "ask at least one question")
	}
	return all, nil
}
