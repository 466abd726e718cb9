package cli

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/spf13/cobra"
)

const (
	// healthTimeout is longer than the server waits for its store, so that the
	// reason why it is not ready arrives.
	healthTimeout = 2500 * time.Millisecond
	// healthMaxBytes is more than an answer of /readyz has.
	healthMaxBytes = 64 << 10
)

// health is an answer of /readyz.
type health struct {
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
}

func (a *app) healthCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "health", Short: "Ask the server on this machine whether it is ready",
		Long: `Asks the server that listens at api_listen whether it can decide and commit charges
now (GET /readyz). The exit code is 0 if it is ready, and 1 if it is not ready, does
not answer within 2.5 seconds, or is not there. The command opens no database. It is
for health checks of containers and scripts, and finds the address as 'ration serve'
does.`,
		Example: `  ration health
  ration health --api-listen 127.0.0.1:9081`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.refuseServer(cmd); err != nil {
				return err
			}
			settings, err := a.settings()
			if err != nil {
				return err
			}
			found, err := askReady(cmd.Context(), settings.APIListen, scheme(settings.APITLS))
			if err != nil {
				return err
			}
			return a.showHealth(found)
		},
	}
	a.addSettingFlags(cmd, "api_listen", "api_tls_cert_file", "api_tls_key_file")
	return cmd
}

func (a *app) showHealth(found health) error {
	if a.format == formatTable {
		_, err := fmt.Fprintln(a.stdout, found.Status)
		return err
	}
	return a.show(listing{value: found, columns: []column{{name: "status"}}, rows: [][]string{{found.Status}}})
}

// askReady returns an error that says why the server at a listening address is
// not ready.
func askReady(ctx context.Context, listen, scheme string) (health, error) {
	address, err := reachable(listen)
	if err != nil {
		return health{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+address+"/readyz", nil)
	if err != nil {
		return health{}, err
	}
	transport := &http.Transport{ // a proxy of the environment would be another machine's view
		DisableKeepAlives: true,
		// The certificate is for the name that clients know. Nothing secret is sent.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see above
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return health{}, notReached(address, err)
	}
	defer func() { _ = response.Body.Close() }()
	return readHealth(address, response)
}

// readHealth reads an answer, which may be that of another program.
func readHealth(address string, response *http.Response) (health, error) {
	text, err := io.ReadAll(io.LimitReader(response.Body, healthMaxBytes))
	if err != nil {
		return health{}, notReached(address, err)
	}
	var found health
	if json.Unmarshal(text, &found) != nil || found.Status == "" {
		return health{}, fmt.Errorf("what answers at %s with status %d is not Ration's verify API", address, response.StatusCode)
	}
	if response.StatusCode != http.StatusOK {
		return health{}, fmt.Errorf("%s: %s", visible(found.Status), visible(found.Reason))
	}
	return found, nil
}

func notReached(address string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer from %s within %s", address, healthTimeout)
	}
	return fmt.Errorf("asking %s: %w", address, err)
}

// reachable returns where to ask a server that listens on an address: one that
// means all of this machine's is asked at loopback.
func reachable(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", err
	}
	if port == "0" {
		return "", usagef("the address %q leaves the port to the system; name the port", listen)
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1" // [::] takes IPv4 too, and ::1 is switched off in many containers
	}
	return net.JoinHostPort(host, port), nil
}
