package cli

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

func (a *app) instancesCommand() *cobra.Command {
	return &cobra.Command{
		Use: "instances", Short: "List the servers that run on the database", Args: noArguments,
		Long: `Lists the servers (ration serve) that run on the database, and where they listen. A
server says every 10 seconds that it runs. One that was not seen for 30 seconds, by the
database's clock, is lost: it was killed, or can't reach the database. It is listed for
a day. A server that stops in order is not listed any more.`,
		Example: `  ration instances
  ration instances -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				instances, err := ops.ListInstances(cmd.Context())
				if err != nil {
					return err
				}
				return a.show(instanceListing(wire.Instances(instances)))
			})
		},
	}
}

func instanceListing(instances api.Instances) listing {
	list := listing{
		value: instances, empty: "no server runs on this database; start one with 'ration serve'",
		columns: []column{
			{name: "id", wide: true},
			{name: "name"},
			{name: "state"},
			{name: "version"},
			{name: "revision", wide: true},
			{name: "schema_version", wide: true},
			{name: "listeners"},
			{name: "weakened", wide: true},
			{name: "started_at"},
			{name: "seen_at"},
		},
	}
	for _, i := range instances.Items {
		list.rows = append(list.rows, []string{
			i.ID, i.Name, i.State, i.Version, i.Revision, strconv.FormatInt(i.SchemaVersion, 10),
			listenersText(i.Listeners), strings.Join(i.Weakened, "; "), instantText(&i.StartedAt), instantText(&i.SeenAt),
		})
	}
	return list
}

// listenersText is "proxy https://[::]:8080, api http://127.0.0.1:8081".
func listenersText(listeners []api.Listener) string {
	texts := make([]string, len(listeners))
	for i, l := range listeners {
		texts[i] = l.Name + " http://" + l.Address
		if l.TLS {
			texts[i] = l.Name + " https://" + l.Address
		}
	}
	return strings.Join(texts, ", ")
}
