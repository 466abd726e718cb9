package adminapi

import (
	"context"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationadmin"
)

type summaryInput struct {
	Meter string `query:"meter" default:"requests" doc:"The meter that the first keys have used most of."`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"100" doc:"The most keys of each list."`
}

func summarise(ctx context.Context, c Caller, in *summaryInput) (*reply[api.Summary], error) {
	summary, err := c.Operations.Summary(ctx, rationadmin.SummaryQuestion{Meter: in.Meter, Limit: in.Limit})
	return replyWith(wire.Summary(summary), err)
}
