package admin

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// longWait is how long a delivery waits before that is worth a look.
const longWait = time.Hour

// checkWebhooks says what was given up, what has waited for long, and which webhooks Ration
// has disabled. It finds nothing where there are no webhooks.
func (s *Service) checkWebhooks(ctx context.Context) (finding Finding, found bool, err error) {
	webhooks, err := s.store.ListWebhooks(ctx)
	if err != nil || len(webhooks) == 0 {
		return finding, false, err
	}
	backlogs, now, err := s.store.Backlog(ctx)
	if err != nil {
		return finding, false, err
	}
	enabled := make(map[[16]byte]bool, len(webhooks))
	gone := 0
	for i := range webhooks {
		enabled[webhooks[i].ID] = webhooks[i].Enabled
		if webhooks[i].DisabledReason != "" {
			gone++
		}
	}
	waiting, dead, oldest := 0, 0, now
	for _, backlog := range backlogs {
		dead += backlog.Dead
		if enabled[backlog.WebhookID] {
			waiting += backlog.Waiting
			if !backlog.Oldest.IsZero() && backlog.Oldest.Before(oldest) {
				oldest = backlog.Oldest
			}
		}
	}
	finding = Finding{Check: "webhooks", State: FindingOK, Detail: numbered(len(webhooks), "webhook", "webhooks") + ", " + numbered(waiting, "delivery waits", "deliveries wait")}
	var problems, advice []string
	if dead > 0 {
		problems = append(problems, numbered(dead, "delivery was given up", "deliveries were given up"))
		advice = append(advice, "see why with 'ration webhooks deliveries --state dead', and send them again with 'ration webhooks replay WEBHOOK --dead'")
	}
	if now.Sub(oldest) > longWait {
		problems = append(problems, "the oldest has waited since "+oldest.UTC().Format(time.RFC3339))
		advice = append(advice, "see its last problem with 'ration webhooks deliveries --state waiting'; deliveries are sent by servers ('ration serve')")
	}
	if gone > 0 {
		problems = append(problems, numbered(gone, "webhook is disabled because its endpoint is gone", "webhooks are disabled because their endpoints are gone"))
		advice = append(advice, "'ration webhooks list' shows them; enable, change or delete them")
	}
	if len(problems) > 0 {
		finding.State = FindingWarning
		finding.Detail += "; " + strings.Join(problems, "; ")
		finding.Advice = strings.Join(advice, "; ")
	}
	return finding, true, nil
}

func numbered(n int, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, several)
}
