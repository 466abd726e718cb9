package adminclient

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

func readSummary(s api.Summary) (summary admin.Summary, err error) {
	summary = admin.Summary{AsOf: s.AsOf, Age: time.Duration(s.AgeSeconds) * time.Second, Keys: s.Keys, Meters: s.Meters}
	if summary.Top, err = all(s.Top, readTopKey); err != nil {
		return summary, err
	}
	summary.Near, err = all(s.NearLimit, readNearKey)
	return summary, err
}

func readTopKey(k api.TopKey) (key admin.TopKey, err error) {
	key = admin.TopKey{KeyName: k.KeyName, Owner: k.Owner, Plan: k.Plan}
	for meter, used := range k.Used {
		amount, err := amount(meter, used)
		if err != nil {
			return key, err
		}
		key.Used = append(key.Used, amount)
	}
	slices.SortFunc(key.Used, func(a, b ration.Amount) int { return ration.CompareMeters(a.Meter, b.Meter) })
	key.KeyID, err = ration.ParseKeyID(k.KeyID)
	return key, err
}

func readNearKey(k api.NearKey) (key admin.NearKey, err error) {
	key = admin.NearKey{KeyName: k.KeyName, Owner: k.Owner, Plan: k.Plan, At: k.At, Override: k.Limit.Override}
	if key.Limit, err = readKeyLimit(k.Limit); err != nil {
		return key, err
	}
	key.KeyID, err = ration.ParseKeyID(k.KeyID)
	return key, err
}
