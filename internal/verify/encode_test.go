package verify

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationhttp"
)

// FuzzAnswerIsThatOfEncodingJSON holds the encoder against encoding/json, with texts that
// have to be escaped, amounts in units, and times at the ends of what can be written.
func FuzzAnswerIsThatOfEncodingJSON(f *testing.F) {
	f.Add("ok", "Ada", "acme", "free", "requests-day", int64(100), int64(3), int64(0), uint8(0), int64(1_780_000_000_000_000), int64(0), "RateLimit", "\"requests-day\";r=97", "", uint8(3))
	f.Add("quota_exceeded", "<script>&\u2028\"\\\x00\x7f", "\xff\xfe", "日本", "a\tb", int64(-1), int64(1<<62), int64(9), uint8(2), int64(253402300800_000_000), int64(1500), "A", "b", `{"type":"about:blank"}`, uint8(7))
	f.Add("", "", "", "", "", int64(0), int64(0), int64(0), uint8(9), int64(1), int64(-1), "", "", "\u2029", uint8(0xff))
	f.Fuzz(func(t *testing.T, code, name, owner, plan, limit string, quantity, used, reserved int64, unit uint8, resetsAt, retry int64, field, value, body string, flags uint8) {
		decision := ration.Decision{Code: ration.Code(code), KeyName: name, Owner: owner, Plan: plan, RetryAfter: time.Duration(retry) * time.Millisecond, DryRun: flags&1 != 0, Replayed: flags&2 != 0}
		if flags&4 != 0 {
			decision.KeyID = ration.KeyID{1, flags}
		}
		for i := range flags >> 3 & 3 {
			status := ration.LimitStatus{
				Limit: ration.Limit{Name: limit, Meter: name, Kind: ration.KindQuota, Period: ration.PeriodDay, Quantity: quantity, Unit: ration.Unit(unit % 10)},
				Used:  used, Reserved: reserved, Remaining: quantity - used,
			}
			if i > 0 {
				status.Kind, status.Burst = ration.KindRate, used
			}
			if resetsAt%2 == 0 {
				status.ResetsAt = time.UnixMicro(resetsAt).In(time.FixedZone("", 3600))
			}
			decision.Limits = append(decision.Limits, status)
		}
		response := rationhttp.Response{Status: int(flags), Fields: []rationhttp.Field{{Name: field, Value: value}, {Name: value, Value: name}, {Name: field, Value: owner}, {Name: "Zz", Value: plan}}[:flags>>5&3], Body: []byte(body)}
		want, wantErr := json.Marshal(answerOf(&decision, response))
		got, err := appendAnswer(nil, &decision, &response)
		if (err != nil) != (wantErr != nil) || err == nil && string(got) != string(want) {
			t.Errorf("got  %s, %v\nwant %s, %v", got, err, want, wantErr)
		}
	})
}

func BenchmarkAnswer(b *testing.B) {
	midnight := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	limit := func(name string, period ration.Period, quantity int64) ration.LimitStatus {
		return ration.LimitStatus{Limit: ration.Limit{Name: name, Meter: "requests", Kind: ration.KindQuota, Period: period, Quantity: quantity}, Used: 3, Remaining: quantity - 3, ResetsAt: midnight}
	}
	decision := ration.Decision{Code: ration.CodeOK, KeyID: ration.NewKeyID(), KeyName: "Ada", Owner: "acme", Plan: "free", Limits: []ration.LimitStatus{
		limit("requests-day", ration.PeriodDay, 1_000), limit("requests-month", ration.PeriodMonth, 20_000),
	}}
	responder := rationhttp.Responder{}
	response := responder.Decided(&decision, rationhttp.Echo{})
	b.Run("encoding/json", func(b *testing.B) {
		for b.Loop() {
			if _, err := json.Marshal(answerOf(&decision, response)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ours", func(b *testing.B) {
		var out []byte
		for b.Loop() {
			var err error
			if out, err = appendAnswer(out[:0], &decision, &response); err != nil {
				b.Fatal(err)
			}
		}
	})
}
