package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/ration-dev/ration/bench/instance"
)

// server is the binary, serving on a database, with keys and a token.
type server struct {
	*instance.Instance
	binary, url string
	secrets     []string
	token       string
}

func start(ctx context.Context, binary, url string, keys int) (*server, error) {
	s := &server{binary: binary, url: url}
	if _, err := instance.Command(ctx, binary, url, "plans", "create", "ways", "--limit", "1000000000/day", "--limit", "9000000000/month"); err != nil {
		return nil, err
	}
	for i := range keys {
		secret, err := instance.Command(ctx, binary, url, "keys", "create", "ways-"+strconv.Itoa(i), "--plan", "ways", "--quiet")
		if err != nil {
			return nil, err
		}
		s.secrets = append(s.secrets, secret)
	}
	var err error
	if s.token, err = instance.Command(ctx, binary, url, "tokens", "create", "ways", "--scope", "verify", "--quiet"); err != nil {
		return nil, err
	}
	s.Instance, err = instance.Serve(ctx, binary, url, "--trusted-proxies", "127.0.0.1")
	return s, err
}

// used is how many requests are recorded in all.
func (s *server) used(ctx context.Context) (int64, error) {
	output, err := instance.Command(ctx, s.binary, s.url, "usage", "--group-by", "month", "-o", "json")
	if err != nil {
		return 0, err
	}
	var usage struct {
		Totals []struct {
			Used json.Number `json:"used"`
		} `json:"totals"`
	}
	if err := json.Unmarshal([]byte(output), &usage); err != nil || len(usage.Totals) > 1 {
		return 0, fmt.Errorf("reading what is used: %d meters, %w", len(usage.Totals), err)
	}
	if len(usage.Totals) == 0 {
		return 0, nil
	}
	return usage.Totals[0].Used.Int64()
}
