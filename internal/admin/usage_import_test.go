package admin_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// today is the date of noon.
var today = ration.DateID(2030, 6, 15)

// ImportUsage fails from a chunk on, as ImportKeys does.
func (b *breaking) ImportUsage(ctx context.Context, actor string, usage admin.UsageImport) (admin.UsageImported, error) {
	if !usage.DryRun {
		if b.chunks--; b.chunks < 0 {
			return admin.UsageImported{}, errBroken
		}
	}
	return b.ImportOperations.ImportUsage(ctx, actor, usage)
}

func (o *office) ids(n int) []ration.KeyID {
	o.Helper()
	ids := make([]ration.KeyID, n)
	for i := range ids {
		ids[i] = o.create(admin.NewKey{}).Key.ID
	}
	return ids
}

func TestImportOfMuchUsage(t *testing.T) {
	o := open(t)
	ids := o.ids(130)
	var all admin.UsageImport
	for i := range 20 { // row by row another key, and the first has many days
		for _, id := range ids {
			all.Days = append(all.Days, admin.ImportedDay{Row: len(all.Days) + 1, KeyID: id, Meter: "requests", Date: today - ration.PeriodID(i), Used: 3})
		}
	}
	bad := all
	bad.Days = append(bad.Days[:len(bad.Days):len(bad.Days)], admin.ImportedDay{Row: 2601, KeyID: ration.NewKeyID(), Meter: "requests", Date: today, Used: 3})
	unwritten := func(int) { t.Error("something was written") }
	_, err := admin.ImportAllUsage(t.Context(), o, actor, bad, unwritten)
	wantError(t, err, ration.ErrNotFound, "row 2601: ")
	bad.Days[2600] = all.Days[7]
	bad.Days[2600].Row = 2601
	_, err = admin.ImportAllUsage(t.Context(), o, actor, bad, unwritten)
	wantInvalid(t, err, "date")
	if !strings.HasPrefix(err.Error(), "row 2601: ") || !strings.Contains(err.Error(), "row 8 has the same key, meter and date") {
		t.Errorf("error %v, want both rows", err)
	}

	dry := all
	dry.DryRun = true
	want := admin.UsageImported{Rows: 2600, Raised: 2600, Added: 7800}
	if would, err := admin.ImportAllUsage(t.Context(), o, actor, dry, unwritten); err != nil || would != want {
		t.Errorf("a dry run gave %+v, %v", would, err)
	}
	if days, err := o.UsageDays(t.Context(), admin.UsageFilter{}); err != nil || len(days) > 0 {
		t.Errorf("a dry run wrote %+v, %v", days, err)
	}
	_, err = admin.ImportAllUsage(t.Context(), &breaking{o, 1}, actor, all, func(int) {})
	wantError(t, err, errBroken, "2000 days were certainly raised before this")

	var progress []int
	done, err := admin.ImportAllUsage(t.Context(), o, actor, all, func(n int) { progress = append(progress, n) })
	if err != nil || done != (admin.UsageImported{Rows: 2600, Raised: 600, Added: 1800}) || fmt.Sprint(progress) != "[2000 2600]" {
		t.Errorf("going on gave %+v, %v, with progress %v", done, err, progress)
	}
	if got := o.actions(ids[0].String()); got != "usage.import key.create" && got != "key.create usage.import" {
		t.Errorf("audited as %q, want one import", got)
	}
}

// TestUsageIsAuditedWithItsSums and without a secret, which an import never stores.
func TestUsageIsAuditedWithItsSums(t *testing.T) {
	o := open(t)
	id := o.ids(1)[0]
	usage := admin.UsageImport{Days: []admin.ImportedDay{
		{Row: 1, KeyID: id, Meter: "requests", Date: today, Used: 5, LastRequestAt: noon.Add(5 * time.Minute)}, // by a clock that is a little ahead
		{Row: 2, KeyID: id, Meter: "requests", Date: today - 30, Used: 7},
	}}
	if _, err := o.ImportUsage(t.Context(), actor, usage); err != nil {
		t.Fatal(err)
	}
	const want = `{"requests.history":{"new":{"days":2,"from":"2030-05-16","to":"2030-06-15","used":12}},"requests.used":{"old":0,"new":12}}`
	if got := string(o.audit(admin.AuditFilter{Target: id.String()})[0].Details); got != want {
		t.Errorf("audited %s, want %s", got, want)
	}
	if status, err := o.ShowKey(t.Context(), id); err != nil || !status.Usage[0].LastRequestAt.Equal(noon) {
		t.Errorf("last used at %s, %v; want now, for it was not later", status.Usage[0].LastRequestAt, err)
	}
}

func TestSecretsFindTheirKeysByThePepper(t *testing.T) {
	o := open(t)
	o.Service = admin.New(o.store, admin.Config{Pepper: []byte("a pepper of sixteen bytes")})
	o.importKeys(imported("Ada", importedSecret))
	secrets := []ration.Secret{ration.SecretFromText("nobody's"), ration.SecretFromText(importedSecret)}
	ids, err := o.FindKeys(t.Context(), secrets)
	if err != nil || len(ids) != 2 || !ids[0].IsZero() || ids[1].IsZero() {
		t.Errorf("found %v, %v; want the second", ids, err)
	}
	if ids, err = admin.New(o.store, admin.Config{}).FindKeys(t.Context(), secrets); err != nil || !ids[1].IsZero() {
		t.Errorf("found %v, %v without the pepper", ids, err)
	}
}

func TestCountsThatCannotBe(t *testing.T) {
	id := ration.NewKeyID()
	for _, row := range []struct {
		field string
		day   admin.ImportedDay
	}{
		{"meter", admin.ImportedDay{Meter: "Secret Meter", Date: today}},
		{"date", admin.ImportedDay{Meter: "requests", Date: ration.DateID(1989, 12, 31)}},
		{"request_count", admin.ImportedDay{Meter: "requests", Date: today, Used: -1}},
		{"request_count", admin.ImportedDay{Meter: "requests", Date: today, Used: ration.MaxUnits + 1}},
		{"last_request_at", admin.ImportedDay{Meter: "requests", Date: today, LastRequestAt: time.Unix(1, 0)}},
	} {
		row.day.Row, row.day.KeyID = 7, id
		_, err := open(t).ImportUsage(t.Context(), actor, admin.UsageImport{Days: []admin.ImportedDay{row.day}})
		wantInvalid(t, err, row.field)
		if !strings.HasPrefix(err.Error(), "row 7: ") || strings.Contains(err.Error(), "Secret Meter") {
			t.Errorf("error %v, want the row and no text of the file", err)
		}
	}
}
