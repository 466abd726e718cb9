package wire

import (
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// Findings returns what checks of a database have found.
func Findings(findings []admin.Finding) []api.Finding {
	return convert(findings, func(f admin.Finding) api.Finding {
		return api.Finding{Check: f.Check, State: string(f.State), Detail: f.Detail, Advice: f.Advice}
	})
}
