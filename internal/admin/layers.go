package admin

import "github.com/ration-dev/ration"

// LayersOf says in which table a store keeps each of a key's overrides. Beneath are
// the lasting overrides that have a temporary one above them; above are all others, also
// the scheduled ones.
// So within each table, no two have the same meter, kind and period, and a release
// that knows only the table above can't lose the lasting ones.
func LayersOf(overrides []ration.Override) (above, beneath []ration.Override) {
	temporary := make(map[ration.LimitKey]bool)
	for i := range overrides {
		if overrides[i].Temporary() {
			temporary[overrides[i].Key()] = true
		}
	}
	for i := range overrides {
		if o := &overrides[i]; !o.Temporary() && !o.Scheduled() && temporary[o.Key()] {
			beneath = append(beneath, overrides[i])
		} else {
			above = append(above, overrides[i])
		}
	}
	return above, beneath
}
