package ration

import "time"

// DefaultLeaseTTL is how long a [Lease] lasts if nobody renews it, unless the
// [EngineConfig] says otherwise.
const DefaultLeaseTTL = 30 * time.Second

// Lease is a charge in flight: it holds one slot of the concurrent limit on each of its
// meters until it ends or expires. The [Engine] that granted it renews it until
// [Engine.Release]. If the engine's process dies, the lease expires by itself: no slot
// is lost for longer than that.
type Lease struct {
	KeyID     KeyID
	ID        ReservationID // unique among the leases of the key; of a reservation's lease, the reservation's id
	Meters    []string      // those that have a concurrent limit
	ExpiresAt time.Time     // by the store's clock, unless it is renewed
}
