package cli

import (
	"context"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/internal/config"
)

// Commands returns the words that name each command which does something.
func Commands() (all [][]string) {
	var walk func(cmd *cobra.Command, words []string)
	walk = func(cmd *cobra.Command, words []string) {
		for _, child := range cmd.Commands() {
			walk(child, append(slices.Clone(words), child.Name()))
		}
		if !cmd.HasSubCommands() {
			all = append(all, words)
		}
	}
	walk(new(app).rootCommand(), nil)
	return all
}

// WaitForChoices lets completions take as long as a busy machine needs.
func WaitForChoices() { completionTime = time.Minute }

// ExitCode returns the exit code of an error.
func ExitCode(err error) int { return exitCode(err) }

// CalledAs returns how a person calls a program again.
func CalledAs(program string) string { return calledAs(program) }

// CheckClock refuses a clock that was never set.
func CheckClock(now time.Time, info *debug.BuildInfo) error { return checkClock(now, info) }

// ShareDescriptors returns how many connections the proxy and the API may have open.
func ShareDescriptors(wanted, descriptors int) (proxy, api int) {
	return shareDescriptors(wanted, descriptors)
}

// CheckUpstream refuses an upstream that is where the settings say that Ration
// listens. Of names it knows those given, and of the machine's addresses its real ones.
func CheckUpstream(ctx context.Context, upstream *url.URL, settings config.Config, names map[string][]netip.Addr) error {
	m := thisMachine
	m.lookup = func(ctx context.Context, network, host string) ([]netip.Addr, error) {
		if addrs := names[host]; addrs != nil {
			return slices.Clone(addrs), nil
		}
		return thisMachine.lookup(ctx, network, host)
	}
	return m.checkUpstream(ctx, upstream, m.listeners(ctx, settings))
}

// Command returns the command that words name, and what is left of them; it is not run.
func Command(words ...string) (*cobra.Command, []string, error) {
	return new(app).rootCommand().Find(words)
}
