package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/ration-dev/ration/bench/count"
	"github.com/ration-dev/ration/bench/helper"
)

// counts is an API that counts: it understands what the benchmark asks POST /v1/verify.
type counts struct{ counter count.Counter }

var (
	allowed = []byte(`{"allowed":true}`)
	refused = []byte(`{"allowed":false}`)
)

func (c counts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var question struct {
		Secret  string `json:"secret"`
		Amounts struct {
			Requests *int64 `json:"requests"`
		} `json:"amounts"`
	}
	if err := json.NewDecoder(r.Body).Decode(&question); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	n := int64(1)
	if question.Amounts.Requests != nil {
		n = *question.Amounts.Requests
	}
	admitted, err := c.counter.Count(r.Context(), strings.TrimPrefix(question.Secret, "Bearer "), n)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if admitted {
		_, _ = w.Write(allowed)
	} else {
		_, _ = w.Write(refused)
	}
}

// counted tells what a counter without a database has counted; whoever has a database is
// not believed, but the database read.
func (c counts) counted(ctx context.Context) (helper.Counted, error) {
	memory, is := c.counter.(*count.Memory)
	if !is {
		return helper.Counted{}, errors.New("ask the database")
	}
	used, err := memory.Used(ctx)
	return helper.Counted{Used: used}, err
}

// requests counts those that were answered.
type requests struct{ n atomic.Int64 }

func (r *requests) counted(context.Context) (helper.Counted, error) { //nolint:unparam // as [counting] has it
	return helper.Counted{Requests: r.n.Load()}, nil
}

// nothing is the most that net/http can do here.
type nothing struct{ *requests }

func (n nothing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.n.Add(1)
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(allowed)
}

// upstream is an API that costs little, with an answer of some length.
type upstream struct{ *requests }

var answer = []byte(`{"items":[` + strings.Repeat(`{"id":1234,"name":"something"},`, 30) + `{}]}`)

func (u upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.n.Add(1)
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer)
}
