package storetest_test

import (
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

func (m *memory) writeLeases(id ration.KeyID, account *ledger.Account) {
	ended, put := account.EndedLeases(), account.PutLeases()
	kept := slices.DeleteFunc(slices.Clone(m.leases[id]), func(slot ledger.SlotLease) bool {
		replaced := slices.ContainsFunc(put, func(p ledger.SlotLease) bool { return p.ID == slot.ID && p.Meter == slot.Meter })
		return replaced || slices.Contains(ended, slot.ID) && m.fault != neverEndsLeases
	})
	m.leases[id] = append(kept, put...)
}
