package console

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

// finding is something that is weakened or wrong, and what to do about it.
type finding struct {
	State  string // "warning" or "problem"
	Title  string
	Detail string
	Advice string
	Cure   place // where it can be cured; zero: on no page
}

// cures are the pages where what a check finds can be cured, by the names of checks.
var cures = map[string]place{"webhooks": {Path: "/webhooks", Name: "See the webhooks"}}

// findingsAge is how old the result of checks may be: they read more than other pages.
const findingsAge = time.Minute

// findings keeps what the last checks found. It is safe for concurrent use.
type findings struct {
	mu      sync.Mutex // of whoever makes the checks
	last    atomic.Pointer[checked]
	running atomic.Bool
}

// checked is the result of all checks.
type checked struct {
	at    time.Time
	found []rationadmin.Finding
	err   error
}

// checkTime is how long checks take at most that nobody waits for.
const checkTime = 30 * time.Second

// known returns what the last checks found, and has new ones made if they are a minute old.
// It does not wait for them: with very many keys they take seconds.
func (f *findings) known(v *visit) checked {
	last := f.last.Load()
	if last == nil || time.Since(last.at) >= findingsAge {
		if f.running.CompareAndSwap(false, true) {
			later := *v
			go func() {
				defer f.running.Store(false)
				ctx, cancel := context.WithTimeout(context.WithoutCancel(v.ctx), checkTime)
				defer cancel()
				later.ctx = ctx
				_, _ = f.read(&later) // last has the error
			}()
		}
	}
	if last == nil {
		return checked{}
	}
	return *last
}

// read returns the results of all checks, at most a minute old.
func (f *findings) read(v *visit) ([]rationadmin.Finding, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if last := f.last.Load(); last != nil && last.err == nil && time.Since(last.at) < findingsAge {
		return last.found, nil
	}
	found, err := v.Operations.Diagnose(v.ctx, rationadmin.DiagnoseOptions{})
	f.last.Store(&checked{time.Now(), found, err})
	return found, err
}

// trouble returns what is weakened or wrong, as far as the visitor may know it.
func (f *findings) trouble(v *visit) []finding {
	var all []finding
	if system, err := v.Operations.System(v.ctx); err == nil {
		for _, weakened := range system.Instance.Weakened {
			all = append(all, finding{State: "warning", Title: "A promise is given up", Detail: weakened, Advice: "Leave the setting at its default, unless you need it."})
		}
	}
	if instances, err := v.Operations.ListInstances(v.ctx); err == nil {
		for i := range instances.Items {
			if one := &instances.Items[i]; one.Lost {
				all = append(all, finding{State: "warning", Title: "An instance is lost: " + one.Name, Detail: "It was last seen at " + one.SeenAt.UTC().Format("15:04 MST on 2 Jan") + ".", Advice: "If you stopped it on purpose, ignore this. Otherwise start it again and read its log."})
			}
		}
	}
	if !v.Admin() {
		return all // checks are for those who can do something about them
	}
	checks := f.known(v)
	if err := checks.err; err != nil && !errors.Is(err, admin.ErrOutOfReach) {
		told := v.console.describe(v.r, err)
		all = append(all, finding{State: "problem", Title: "The checks could not be made", Detail: told.Text})
	}
	for _, check := range checks.found {
		if check.State != rationadmin.FindingOK {
			all = append(all, finding{State: string(check.State), Title: "Check " + check.Check, Detail: check.Detail, Advice: check.Advice, Cure: cures[check.Check]})
		}
	}
	return all
}
