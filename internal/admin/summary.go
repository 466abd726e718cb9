package admin

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

// SummaryError says that there is no summary yet, and when to ask again.
type SummaryError struct{ RetryAfter time.Duration }

// Error implements error.
func (e *SummaryError) Error() string {
	return fmt.Sprintf("%s; ask again in %s", rationadmin.ErrSummaryBeingMade, e.RetryAfter)
}

// Unwrap makes it [rationadmin.ErrSummaryBeingMade] for errors.Is.
func (e *SummaryError) Unwrap() error { return rationadmin.ErrSummaryBeingMade }

// Summary says which keys used most today, and which are nearest to a limit.
func (s *Service) Summary(ctx context.Context, question SummaryQuestion) (Summary, error) {
	if question.Meter == "" {
		question.Meter = ration.MeterRequests
	}
	if err := ration.ValidateMeter(question.Meter); err != nil {
		return Summary{}, err
	}
	if question.Limit < 0 || question.Limit > rationadmin.MostSummarised {
		return Summary{}, &ration.InvalidError{Field: "limit", Value: strconv.Itoa(question.Limit), Reason: "use 1 to 100"}
	}
	if question.Limit == 0 {
		question.Limit = rationadmin.MostSummarised
	}
	ranking, began, err := s.summaries.of(ctx, s.reach)
	if err != nil {
		return Summary{}, err
	}
	return ranking.answer(question, time.Since(began)), nil
}

// answer returns what a question asks for, which its caller may change.
func (r *Ranking) answer(question SummaryQuestion, age time.Duration) Summary {
	summary := Summary{AsOf: r.AsOf, Age: age, Keys: r.Keys, Meters: slices.Clone(r.Meters)}
	top := r.Top[question.Meter]
	for _, key := range top[:min(question.Limit, len(top))] {
		key.Used = slices.Clone(key.Used)
		summary.Top = append(summary.Top, key)
	}
	summary.Near = slices.Clone(r.Near[:min(question.Limit, len(r.Near))])
	return summary
}
