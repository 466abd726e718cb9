package admin

import "github.com/ration-dev/ration"

// LayersOf says where a store keeps each of a key's overrides: beneath are the
// lasting ones that have a temporary one above them, and above are all others. Kept
// apart, each has a meter, kind and period of its own, and a release that knows
// only the ones above can't lose those beneath.
func LayersOf(overrides []ration.Override) (above, beneath []ration.Override) {
	temporary := make(map[ration.LimitKey]bool)
	for i := range overrides {
		if overrides[i].Temporary() {
			temporary[overrides[i].Key()] = true
		}
	}
	for i := range overrides {
		if !overrides[i].Temporary() && temporary[overrides[i].Key()] {
			beneath = append(beneath, overrides[i])
		} else {
			above = append(above, overrides[i])
		}
	}
	return above, beneath
}
