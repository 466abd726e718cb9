package verify

import (
	"log/slog"
	"net/http"

	"github.com/ration-dev/ration/internal/condense"
)

// noteRounded tells whoever runs this of fractions in questions, once for each
// endpoint: small ones, such as prices, come out far too high.
func (h *Handler) noteRounded(r *http.Request, amounts amounts) {
	if amounts.rounded == "" {
		return
	}
	h.log.SayOnce(r.Context(), slog.LevelWarn, condense.Kind{Message: "callers send amounts that are fractions, and each is rounded up; send a smaller unit in whole numbers", Route: r.Pattern}, slog.String("meter", amounts.rounded))
}
