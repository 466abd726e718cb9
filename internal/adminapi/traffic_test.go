package adminapi_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/ration-dev/ration/internal/admin"
)

func TestTraffic(t *testing.T) {
	s := serve(t)
	s.must(s.call("GET", "/traffic", ""))
	hour := time.Date(2030, 10, 27, 0, 0, 0, 0, time.UTC) // 02:00 in Berlin, twice
	for i := range 2 {
		counts := admin.TrafficCounts{Hour: hour.Add(time.Duration(i) * time.Hour), Counter: uuid.New(), Answers: []admin.AnswerCount{
			{Via: "proxy", Code: "ok", Answers: 1 << 53}, {Via: "verify", Code: "key_unknown", Answers: 3},
		}}
		if err := s.store.WriteTraffic(t.Context(), counts); err != nil {
			t.Fatal(err)
		}
	}
	const days = "from=2030-10-27&to=2030-10-27&zone=Europe/Berlin"
	response, answer := s.call("GET", "/traffic?group_by=hour,code&limit=3&"+days, "")
	sum := func(hour, code string, answers float64) map[string]any {
		return map[string]any{"hour": hour, "code": code, "answers": answers}
	}
	want := map[string]any{
		"zone": "Europe/Berlin", "from": "2030-10-27", "to": "2030-10-27", "since": nil, "group_by": []any{"hour", "code"}, "more": true,
		"sums": []any{
			sum("2030-10-27T02:00:00+02:00", "ok", 1<<53), sum("2030-10-27T02:00:00+02:00", "key_unknown", 3), sum("2030-10-27T02:00:00+01:00", "ok", 1<<53),
		},
	}
	if response.StatusCode != http.StatusOK || !reflect.DeepEqual(answer, want) {
		t.Errorf("%d, and an answer that is (-want +got):\n%s", response.StatusCode, cmp.Diff(want, answer))
	}
	_, rows := s.export("/traffic?group_by=day,via&format=csv&limit=1&"+days, "")
	if diff := cmp.Diff([][]string{{"day", "via", "answers"}, {"2030-10-27", "proxy", "18014398509481984"}, {"2030-10-27", "verify", "6"}}, rows); diff != "" {
		t.Errorf("CSV (-want +got):\n%s", diff)
	}
	for query, parameter := range map[string]string{
		"group_by=key": "group_by", "group_by=via,via": "group_by", "from=2029-01-01&to=2030-10-27": "from", "from=yesterday": "from",
		"from=2030-10-28&to=2030-10-27": "to", "zone=Mars": "zone", "zone=Asia/Kolkata": "zone", "limit=0": "limit", "limit=10001": "limit",
	} {
		response, answer := s.call("GET", "/traffic?"+query, "")
		if fault := fmt.Sprint(answer["errors"]); response.StatusCode/100 != 4 || !strings.Contains(fault, parameter) {
			t.Errorf("%s: %d, %s; want %s refused", query, response.StatusCode, fault, parameter)
		}
	}
}
