package pghosts

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Connect makes a connection by a configuration, which it changes as [Hosts.Choose] does.
func (h *Hosts) Connect(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, error) {
	if err := h.Choose(ctx, &config.Config); err != nil {
		return nil, err
	}
	return pgx.ConnectConfig(ctx, config)
}
