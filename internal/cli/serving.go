package cli

import (
	"fmt"
	"strconv"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/certfile"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/postgres"
	"github.com/ration-dev/ration/sqlite"
)

// serving is what the instance tells the others of itself.
func (i *instance) serving() admin.ServingInstance {
	serving := admin.ServingInstance{Instance: i.self, Schema: sqlite.SchemaVersion(), Settings: sharedSettings(i.settings)}
	if i.settings.DB.URL != "" {
		serving.Schema = postgres.SchemaVersion()
	}
	for _, l := range []struct {
		listener, name string
		certificate    certfile.Files
	}{
		{proxyListener, "proxy", i.settings.TLS},
		{verifyListener, "api", i.settings.APITLS},
		{adminListener, "admin", i.settings.AdminTLS},
		{envoyListener, "envoy", i.settings.EnvoyTLS},
	} {
		if bound := i.server.Addr(l.listener); bound != nil {
			serving.Listeners = append(serving.Listeners, admin.Listener{Name: l.name, Address: bound.String(), TLS: !l.certificate.IsZero()})
		}
	}
	return serving
}

// sharedSettings are the settings that make instances on one database contradict each
// other if they differ: they say which secrets are known, what an answer promises, and
// what is kept. They are no secrets, so of a pepper it says only whether there is one.
func sharedSettings(settings config.Config) map[string]string {
	pepper := "none"
	if len(settings.Pepper) > 0 {
		pepper = "set"
	}
	return map[string]string{
		"secret_prefix": settings.SecretPrefix, "pepper_file": pepper,
		"accept_unsafe_durability": strconv.FormatBool(settings.AcceptUnsafeDurability),
		"accept_overage":           strconv.FormatBool(settings.AcceptOverage), "over_settlement": string(settings.OverSettlement),
		"lease":            settings.Lease.String(),
		"request_log_days": strconv.Itoa(settings.RequestLogDays), "usage_hours_days": strconv.Itoa(settings.UsageHoursDays),
		"history_days": strconv.Itoa(settings.HistoryDays), "audit_log_days": strconv.Itoa(settings.AuditLogDays),
		"events_days": strconv.Itoa(settings.EventsDays), "limit_thresholds": fmt.Sprint(settings.LimitThresholds),
		"webhook_private_addresses": fmt.Sprint(settings.WebhookPrivate),
	}
}
