package main

import (
	"context"
	"encoding/json"
	"net/http"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/ration-dev/ration/bench/instance"
)

// database is what a server keeps its counts in.
type database struct{ name, url string }

// server is the binary, serving on a database, with a key and a token.
type server struct {
	*instance.Instance
	database database
	secret   string // of the key
	token    string
}

func start(ctx context.Context, binary string, database database, upstream string) (*server, error) {
	s := &server{database: database}
	var plan string
	for _, step := range []struct {
		output *string
		args   []string
	}{
		{&plan, []string{"plans", "create", "latency", "--limit", "1000000000/day", "--limit", "100000/second"}},
		{&s.secret, []string{"keys", "create", "latency", "--plan", "latency", "--quiet"}},
		{&s.token, []string{"tokens", "create", "latency", "--scope", "verify", "--quiet"}},
	} {
		var err error
		if *step.output, err = instance.Command(ctx, binary, database.url, step.args...); err != nil {
			return nil, err
		}
	}
	var err error
	s.Instance, err = instance.Serve(ctx, binary, database.url, "--upstream", upstream)
	return s, err
}

// ways returns the calls through this server.
func (s *server) ways() []way {
	body, _ := json.Marshal(map[string]string{"secret": s.secret})
	return []way{
		{"proxy, " + s.database.name, vegeta.Target{
			Method: http.MethodGet, URL: "http://" + s.Proxy + "/", Header: http.Header{"X-Api-Key": {s.secret}},
		}, answer},
		{"/v1/verify, " + s.database.name, vegeta.Target{
			Method: http.MethodPost, URL: "http://" + s.API + "/v1/verify", Body: body,
			Header: http.Header{"Authorization": {"Bearer " + s.token}, "Content-Type": {"application/json"}},
		}, `"allowed":true`},
	}
}
