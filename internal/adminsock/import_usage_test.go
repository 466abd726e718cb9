package adminsock_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// TestUsageThroughTheSocket imports as many days as one request holds, of the
// largest size, and finds their key by a secret.
func TestUsageThroughTheSocket(t *testing.T) {
	p := open(t)
	largest := ration.SecretFromText(strings.Repeat("<", ration.MaxSecretLength)) // six bytes each in JSON
	if _, err := p.direct.ImportKeys(t.Context(), actor, admin.KeysImport{Keys: []admin.ImportedKey{{Name: "Ada", Status: ration.StatusActive, Secret: largest}}}); err != nil {
		t.Fatal(err)
	}
	secrets := make([]ration.Secret, 100)
	for i := range secrets {
		secrets[i] = ration.SecretFromText(fmt.Sprintf("%03d%s", i, strings.Repeat("<", ration.MaxSecretLength-3)))
	}
	secrets[99] = largest
	ids, err := admin.FindAllKeys(t.Context(), p.remote, secrets)
	if err != nil || len(ids) != len(secrets) || ids[99].IsZero() || !ids[98].IsZero() {
		t.Fatalf("the keys of the secrets are %v, %v", ids, err)
	}
	usage := admin.UsageImport{Days: make([]admin.ImportedDay, admin.MaxDaysAtOnce)}
	for i := range usage.Days {
		usage.Days[i] = admin.ImportedDay{
			Row: 1_000_000_000 + i, KeyID: ids[99], Meter: strings.Repeat("m", 64), Date: ration.DateID(2020, 1, 1) - ration.PeriodID(i),
			Used: ration.MaxUnits, LastRequestAt: time.Date(2020, 1, 1, 23, 59, 59, 123456000, time.UTC),
		}
	}
	want := admin.UsageImported{Rows: len(usage.Days), Raised: 512, Added: 512 * ration.MaxUnits}
	_, err = p.remote.ImportUsage(t.Context(), actor, usage)
	if invalid, ok := errors.AsType[*ration.InvalidError](err); !ok || !strings.Contains(err.Error(), "row 1000000512: request_count") || invalid.Field != "request_count" {
		t.Errorf("error %v, want the row that passes the lifetime count", err)
	}
	for i := 512; i < len(usage.Days); i++ {
		usage.Days[i].Used = 0
	}
	if got, err := p.remote.ImportUsage(t.Context(), actor, usage); err != nil || got != want {
		t.Errorf("the import gave %+v, %v; want %+v", got, err, want)
	}
	days, err := p.direct.UsageDays(t.Context(), admin.UsageFilter{KeyID: ids[99], Limit: 10_000})
	if err != nil || len(days) != 512 || !days[0].LastRequestAt.Equal(usage.Days[0].LastRequestAt) {
		t.Errorf("%d days (%v), want 512 with the time of their last request", len(days), err)
	}
	usage.Days = append(usage.Days, usage.Days[0])
	if _, err := p.remote.ImportUsage(t.Context(), actor, usage); err == nil {
		t.Error("more days than one request may hold were taken")
	}
}
