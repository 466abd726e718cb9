package verify

import (
	"log/slog"
	"net/http"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/condense"
)

// noteRounded tells whoever runs this of amounts that are finer than what was counted,
// once for each endpoint: small ones, such as prices, come out far too high.
func (h *Handler) noteRounded(r *http.Request, amounts amounts, counted []ration.Amount) {
	meter := amounts.rounded
	if more := ration.RoundedUp(amounts.all, counted); meter == "" && len(more) > 0 {
		meter = more[0]
	}
	if meter == "" {
		return
	}
	h.log.SayOnce(r.Context(), slog.LevelWarn, condense.Kind{Message: "callers send amounts that are finer than the unit of their meter, and each is rounded up; give the meter a smaller unit, or send whole numbers", Route: r.Pattern}, slog.String("meter", meter))
}
