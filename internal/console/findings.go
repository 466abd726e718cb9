package console

import (
	"errors"
	"sync"
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
}

// findingsAge is how old the result of checks may be: they read more than other pages.
const findingsAge = time.Minute

// findings keeps what the last checks found. It is safe for concurrent use.
type findings struct {
	mu   sync.Mutex
	at   time.Time
	kept []rationadmin.Finding
}

// read returns the results of all checks, at most a minute old.
func (f *findings) read(v *visit) ([]rationadmin.Finding, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.at) < findingsAge {
		return f.kept, nil
	}
	found, err := v.Operations.Diagnose(v.ctx, rationadmin.DiagnoseOptions{})
	if err != nil {
		return nil, err
	}
	f.at, f.kept = time.Now(), found
	return found, nil
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
	checks, err := f.read(v)
	if err != nil && !errors.Is(err, admin.ErrOutOfReach) {
		told := v.console.describe(v.r, err)
		all = append(all, finding{State: "problem", Title: "The checks could not be made", Detail: told.Text})
	}
	for _, check := range checks {
		if check.State != rationadmin.FindingOK {
			all = append(all, finding{State: string(check.State), Title: "Check " + check.Check, Detail: check.Detail, Advice: check.Advice})
		}
	}
	return all
}
