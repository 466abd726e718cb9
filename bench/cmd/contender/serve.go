package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/ration-dev/ration/bench/helper"
)

// serve serves a handler until there are no more questions.
func serve(handler http.Handler) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // for as long as the process runs
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	return helper.Answer(helper.Ready{Address: listener.Addr().String()}, func(question helper.Question) (any, error) {
		known, can := handler.(counting)
		if question.Do != "counted" || !can {
			return nil, fmt.Errorf("nobody answers %q here", question.Do)
		}
		return known.counted(context.Background())
	})
}
