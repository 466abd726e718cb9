package testdb

import (
	"net"
	"path/filepath"
	"strconv"
)

// config is a node's configuration: that of docs/HIGH-AVAILABILITY.md, on
// addresses of this machine.
func (n *patroniNode) config(etcd string) map[string]any {
	server := net.JoinHostPort("127.0.0.1", strconv.Itoa(n.port))
	user := map[string]any{"username": superuser, "password": n.password}
	return map[string]any{
		"scope":   "ration",
		"name":    n.name,
		"restapi": map[string]any{"listen": n.rest, "connect_address": n.rest},
		"etcd3":   map[string]any{"host": etcd},
		"bootstrap": map[string]any{
			"dcs": map[string]any{
				"ttl": 20, "loop_wait": 5, "retry_timeout": 5,
				"maximum_lag_on_failover": 0, "synchronous_mode": true, "synchronous_mode_strict": true, "synchronous_node_count": 1,
				"postgresql": map[string]any{"use_pg_rewind": true},
			},
			"initdb": []any{map[string]any{"encoding": "UTF8"}, map[string]any{"locale": "C"}, "no-sync"},
		},
		"postgresql": map[string]any{
			"listen": server, "connect_address": server,
			"data_dir": n.DataDir(), "bin_dir": n.programs, "pgpass": filepath.Join(n.dir, "pgpass"),
			"authentication": map[string]any{"superuser": user, "replication": user, "rewind": user},
			"parameters":     map[string]any{"unix_socket_directories": n.dir},
			"pg_hba":         []any{"host all all 127.0.0.1/32 scram-sha-256", "host replication all 127.0.0.1/32 scram-sha-256", "local all all trust"},
		},
		"watchdog": map[string]any{"mode": "off"},
	}
}
