package verify_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration/internal/verify"
)

// post sends a body with the token, and returns the answer.
func (s *service) post(body string, header ...string) *httptest.ResponseRecorder {
	s.Helper()
	r := httptest.NewRequest("POST", verify.Path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+s.token.Reveal())
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, r)
	return w
}

var requestID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|\\"[0-9a-f-]{36}`)

// TestEachQuestionIsAnsweredAsIfAlone: whatever a question alone would get, it gets among
// others, in its place.
func TestEachQuestionIsAnsweredAsIfAlone(t *testing.T) {
	s := newService(t)
	questions := []string{
		`{"secret":"` + s.secret + `","dry_run":true}`,
		`{"secret":"rk_nobody"}`,
		`{}`,
		`{"secret":"` + s.secret + `","amounts":{"requests":101}}`,
		`{"secret":"` + s.secret + `","scope":"write"}`,
		`{"secret":"` + s.secret + `","amounts":{"tokens":-1}}`,
		`{"secret":"` + s.secret + `","amounts":{"tokens":1},"amounts":{}}`,
		`{"secret":"` + s.secret + `","amount":1}`,
		`{"secret":7}`,
		`{"secret":"` + s.secret + `","ip":"nowhere"}`,
		`"` + s.secret + `"`, `null`, `7`, `[]`, "{\"secret\":\"\xff\"}",
		`{ "secret" : "  ` + s.secret + ` \n" , "dry_run" : true }`,
	}
	var want []any
	for _, question := range questions {
		alone := s.post(question)
		var answer map[string]any
		if question == `[]` { // alone it asks nothing; among others it is no question
			alone = s.post(`7`)
		}
		if err := json.Unmarshal(alone.Body.Bytes(), &answer); err != nil {
			t.Fatalf("%s: %v in %s", question, err, alone.Body)
		}
		if alone.Code != http.StatusOK {
			answer = map[string]any{"allowed": false, "code": answer["code"], "problem": answer}
		}
		want = append(want, answer)
	}
	w := s.post(" [" + strings.Join(questions, " ,\n") + "]\n")
	var got []any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %v in %s", w.Code, err, w.Body)
	}
	if diff := cmp.Diff(strip(t, want), strip(t, got)); diff != "" {
		t.Errorf("alone (-), among others (+):\n%s", diff)
	}
}

// strip leaves out the ids of requests, and counts of denials that both ways have added to.
func strip(t *testing.T, answers []any) (all []string) {
	t.Helper()
	for _, answer := range answers {
		text, err := json.MarshalIndent(answer, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, requestID.ReplaceAllString(string(text), "ID"))
	}
	return all
}

// TestQuestionsAtOnceCountExactly: 100 questions about one key admit what fits, and each
// sees a count of its own.
func TestQuestionsAtOnceCountExactly(t *testing.T) {
	s := newService(t)
	question := `{"secret":"` + s.secret + `","amounts":{"requests":3}}`
	w := s.post("[" + strings.Repeat(question+",", 99) + question + "]")
	var answers []struct {
		Allowed bool
		Code    string
		Limits  []struct{ Used int64 }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answers); err != nil || len(answers) != 100 {
		t.Fatalf("%d answers, %v in %d %s", len(answers), err, w.Code, w.Body)
	}
	seen := map[int64]bool{}
	for _, answer := range answers {
		switch {
		case answer.Allowed && seen[answer.Limits[0].Used]:
			t.Errorf("two were told that %d are used", answer.Limits[0].Used)
		case answer.Allowed:
			seen[answer.Limits[0].Used] = true
		case answer.Code != "quota_exceeded":
			t.Errorf("code %s", answer.Code)
		}
	}
	if counted := s.counted(); len(seen) != 33 || counted != [3]int64{99, 0, 67} {
		t.Errorf("%d are admitted; used, reserved and denied are %d; want 33 and 99, 0, 67", len(seen), counted)
	}
}

func TestArraysThatAreRefusedAsAWhole(t *testing.T) {
	s := newService(t)
	question := `{"secret":"` + s.secret + `"}`
	before := s.counted()
	for _, row := range []struct {
		name, body string
		header     []string
		status     int
		code       string
	}{
		{"none", ` [ ] `, nil, 422, "invalid_value"},
		{"too many", "[" + strings.Repeat(question+",", 100) + question + "]", nil, 422, "invalid_value"},
		{"no end", "[" + question, nil, 400, "invalid_body"},
		{"no comma", "[" + question + question + "]", nil, 400, "invalid_body"},
		{"more after it", "[" + question + "] []", nil, 400, "invalid_body"},
		{"broken in the last one", "[" + question + `,{"secret":}]`, nil, 400, "invalid_body"},
		{"an idempotency key", "[" + question + "]", []string{"Idempotency-Key", "a"}, 400, "invalid_idempotency_key"},
		{"larger than 64 KiB", "[" + question + strings.Repeat(" ", 64<<10) + "]", nil, 413, "body_too_large"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := s.post(row.body, row.header...)
			var problem struct{ Code string }
			if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil || w.Code != row.status || problem.Code != row.code {
				t.Errorf("got %d %s %v; want %d %s", w.Code, w.Body, err, row.status, row.code)
			}
		})
	}
	if after := s.counted(); after != before {
		t.Errorf("used, reserved and denied are %d, and were %d", after, before)
	}
	if w := s.post("["+question+"]", "Content-Type", "text/plain"); w.Code != 200 {
		t.Errorf("got %d; want 200, since the first content type counts", w.Code)
	}
}

func TestPrefersMinimal(t *testing.T) {
	const minimal = `{"allowed":true,"code":"ok"}` + "\n"
	s := newService(t)
	question := `{"secret":"` + s.secret + `"}`
	for _, row := range []struct {
		prefer []string
		want   bool
	}{
		{nil, false},
		{[]string{"return=minimal"}, true},
		{[]string{`RETURN = "Minimal"`}, true},
		{[]string{"respond-async, wait=10", "return=minimal; foo=bar"}, true},
		{[]string{"return=representation"}, false},
		{[]string{"return=representation, return=minimal"}, false}, // the first counts
		{[]string{"return"}, false},
		{[]string{"minimal"}, false},
		{[]string{";=,,=;"}, false},
		{[]string{`foo="a, return=minimal"`}, false}, // a value
		{[]string{`foo="a, \", return=minimal, \""`}, false},
		{[]string{`foo="a, b; c", return=minimal`}, true},
		{[]string{`foo="no end, return=minimal`}, false},
		{[]string{`foo;x="a, b"`, "return=minimal"}, true},
	} {
		header := []string{}
		for _, line := range row.prefer {
			header = append(header, "Prefer", line)
		}
		w := s.post(question, header...)
		if got := w.Body.String() == minimal; w.Code != 200 || got != row.want || (w.Header().Get("Preference-Applied") == "return=minimal") != row.want {
			t.Errorf("%q: %d %s, %v; minimal: %t", row.prefer, w.Code, w.Body, w.Header(), row.want)
		}
	}
	for name, body := range map[string]string{"a dry run": `{"secret":"` + s.secret + `","dry_run":true}`, "a refusal": `{"secret":"` + s.secret + `","amounts":{"requests":101}}`} {
		w := s.post(body, "Prefer", "return=minimal")
		if !strings.Contains(w.Body.String(), `"response":`) || w.Header().Get("Preference-Applied") != "" {
			t.Errorf("%s: %s, %v; want all of it", name, w.Body, w.Header())
		}
	}
	w := s.post(fmt.Sprintf(`[%s,{"secret":"rk_nobody"},%s]`, question, question), "Prefer", "return=minimal")
	admitted := strings.TrimSpace(minimal)
	if body := w.Body.String(); !strings.HasPrefix(body, "["+admitted+`,{"allowed":false,"code":"key_unknown"`) || !strings.HasSuffix(body, ","+admitted+"]\n") || w.Header().Get("Preference-Applied") == "" {
		t.Errorf("an array: %s, %v", w.Body, w.Header())
	}
}
