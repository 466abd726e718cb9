package cli

import (
	"fmt"
	"time"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/certfile"
	"github.com/ration-dev/ration/internal/config"
)

// scheme returns what URLs of a listener begin with.
func scheme(certificate certfile.Files) string {
	if certificate.IsZero() {
		return "http"
	}
	return "https"
}

// renewBefore is how long before its end a certificate should have been renewed: what
// renews them by itself does so earlier.
const renewBefore = 14 * 24 * time.Hour

// certificateFindings judges the certificates of listeners, as they are on disk now.
func certificateFindings(settings config.Config, now time.Time) (findings []admin.Finding) {
	certificates := settings.Certificates()
	for _, row := range []struct {
		check string
		files config.TLSFiles
	}{{"certificate", certificates.Proxy}, {"api_certificate", certificates.API}, {"admin_certificate", certificates.Admin}} {
		if !row.files.IsZero() {
			findings = append(findings, certificateFinding(row.check, row.files, now))
		}
	}
	return findings
}

func certificateFinding(check string, files config.TLSFiles, now time.Time) admin.Finding {
	finding := admin.Finding{Check: check, State: admin.FindingOK}
	certificate, err := files.Open()
	if err != nil {
		finding.State, finding.Detail = admin.FindingProblem, err.Error()
		finding.Advice = "mend the files; a server that runs keeps the certificate that it has and takes the new one over within seconds, and none starts with these"
		return finding
	}
	from, to := certificate.Validity()
	const renew = "renew the certificate and its key in place; a server that runs takes them over within seconds"
	switch left := to.Sub(now); {
	case now.Before(from):
		finding.State, finding.Advice = admin.FindingProblem, "use a certificate that is valid now, or set this machine's clock"
		finding.Detail = fmt.Sprintf("the certificate %q is not valid before %s", files.Cert, from.UTC().Format(time.DateTime+" UTC"))
		return finding
	case left <= 0:
		finding.State, finding.Advice = admin.FindingProblem, renew
		finding.Detail = fmt.Sprintf("the certificate %q expired on %s", files.Cert, day(to))
		return finding
	case left < renewBefore:
		finding.State, finding.Advice = admin.FindingWarning, renew
	}
	finding.Detail = fmt.Sprintf("the certificate %q is valid until %s", files.Cert, day(to))
	return finding
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
