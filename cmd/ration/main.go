// Command ration gives an HTTP API keys and exact, durable quotas. Run it
// without arguments for its commands.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/ration-dev/ration/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ()))
}
