package adminapi

import (
	"context"
	"net/http"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/numeral"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationadmin"
)

const tagMeters = "meters"

func (a *API) registerMeters() {
	register(a, operation{
		id: "listMeters", method: http.MethodGet, path: "/meters", tag: tagMeters, scope: scopeRead,
		summary: "List the meters that were given a unit", about: "By name. Any other meter counts whole numbers.",
	}, listMeters)
	register(a, operation{
		id: "setMeter", method: http.MethodPut, path: "/meters/{name}", tag: tagMeters, scope: scopeAdmin,
		summary: "Give a meter its unit", about: "It can't change any more once something counts on the meter.",
		example: api.MeterUnit{Unit: "0.001"},
	}, setMeter)
}

func listMeters(ctx context.Context, c Caller, in *listByNameInput) (*reply[api.Page[api.Meter]], error) {
	meters := list[rationadmin.Meter, api.Meter, string]{
		name: wire.ListOfMeters, show: wire.Meters, place: func(m *rationadmin.Meter) string { return m.Name },
		find: func(ctx context.Context, after string, most int) ([]rationadmin.Meter, error) {
			return c.Operations.ListMeters(ctx, in.filter(after, most))
		},
	}
	return meters.page(ctx, in.Paging)
}

type setMeterInput struct {
	ByName
	Body api.MeterUnit
}

func setMeter(ctx context.Context, c Caller, in *setMeterInput) (*reply[api.Meter], error) {
	unit, err := readMeter(in.Name, in.Body.Unit)
	if err != nil {
		return nil, err
	}
	meter, err := c.Operations.SetMeter(ctx, c.Actor, unit)
	return replyWith(wire.Meter(meter), err)
}

func readMeter(name string, text api.Number) (rationadmin.MeterUnit, error) {
	unit, err := ration.ParseUnit(string(text))
	if err != nil {
		return rationadmin.MeterUnit{}, at("/unit", err)
	}
	return rationadmin.MeterUnit{Name: name, Unit: unit}, nil
}

// readNumber reads an amount on a meter.
func readNumber(pointer, meter string, number api.Number) (ration.Amount, error) {
	read, err := numeral.Parse(string(number))
	if err != nil {
		return ration.Amount{}, invalidValue(pointer, err.Error())
	}
	return read.Amount(meter), nil
}
