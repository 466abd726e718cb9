package sheet

import "github.com/ration-dev/ration/api"

// trafficColumns are the columns of traffic, by what it is added up by.
var trafficColumns = map[string]Column[api.TrafficSum]{
	"hour":  {Name: "hour", Cell: func(s *api.TrafficSum) string { return s.Hour }},
	"day":   {Name: "day", Cell: func(s *api.TrafficSum) string { return s.Day }},
	"month": {Name: "month", Cell: func(s *api.TrafficSum) string { return s.Month }},
	"via":   {Name: "via", Cell: func(s *api.TrafficSum) string { return s.Via }},
	"code":  {Name: "code", Cell: func(s *api.TrafficSum) string { return s.Code }},
}

// Traffic returns the columns of a report: those of its groups, and the sums.
func Traffic(report *api.TrafficReport) (table Table[api.TrafficSum]) {
	for _, group := range report.GroupBy {
		table = append(table, trafficColumns[group])
	}
	return append(table, Column[api.TrafficSum]{Name: "answers", Cell: func(s *api.TrafficSum) string { return number(s.Answers) }})
}
