package rationadmin_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/sqlite"
)

// withOperations opens a database of its own for an example.
func withOperations(do func(context.Context, rationadmin.Operations) error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "ration-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	store, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(dir, "ration.db")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()
	if err := do(ctx, rationadmin.New(store, rationadmin.Config{})); err != nil {
		fmt.Println(err)
	}
}

// Create a key, and show its secret: this is the only time that it can be shown.
func ExampleNew() {
	withOperations(func(ctx context.Context, operations rationadmin.Operations) error {
		issued, err := operations.CreateKey(ctx, "sign-up", rationadmin.NewKey{Name: "Alice's laptop", Owner: "alice"})
		if err != nil {
			return err
		}
		fmt.Println(issued.Key.Name, issued.Key.Status, issued.Secret.Reveal()[:3])
		return nil
	})
	// Output: Alice's laptop active rk_
}

// List an owner's keys, page by page.
func ExampleOperations_listKeys() {
	withOperations(func(ctx context.Context, operations rationadmin.Operations) error {
		for _, name := range []string{"laptop", "server", "phone"} {
			if _, err := operations.CreateKey(ctx, "sign-up", rationadmin.NewKey{Name: name, Owner: "alice"}); err != nil {
				return err
			}
		}
		filter := rationadmin.KeyFilter{Owner: "alice", Limit: 2}
		for {
			page, err := operations.ListKeys(ctx, filter)
			if err != nil {
				return err
			}
			for _, key := range page.Keys {
				fmt.Println(key.Name)
			}
			if page.Next.IsZero() {
				return nil
			}
			filter.After = page.Next
		}
	})
	// Output:
	// laptop
	// server
	// phone
}

// Put a key on a plan, and give it a limit of its own instead of the plan's.
func ExampleOperations_updateKey() {
	withOperations(func(ctx context.Context, operations rationadmin.Operations) error {
		perDay, err := ration.ParseLimit("1000/day")
		if err != nil {
			return err
		}
		if _, err := operations.CreatePlan(ctx, "billing", rationadmin.NewPlan{Name: "free", Limits: []ration.Limit{perDay}}); err != nil {
			return err
		}
		issued, err := operations.CreateKey(ctx, "billing", rationadmin.NewKey{Name: "laptop", Plan: "free"})
		if err != nil {
			return err
		}
		perDay.Quantity = 5000
		_, err = operations.UpdateKey(ctx, "billing", rationadmin.KeyPatch{ID: issued.Key.ID, SetOverrides: []ration.Override{{Limit: perDay}}})
		if err != nil {
			return err
		}
		status, err := operations.ShowKey(ctx, issued.Key.ID)
		if err != nil {
			return err
		}
		fmt.Println(status.Limits[0].Name, status.Limits[0].Remaining)
		return nil
	})
	// Output: requests-day 5000
}

// Read what a key used on each day. A day without requests has no row.
func ExampleOperations_usageDays() {
	withOperations(func(ctx context.Context, operations rationadmin.Operations) error {
		issued, err := operations.CreateKey(ctx, "migration", rationadmin.NewKey{Name: "laptop", Owner: "alice"})
		if err != nil {
			return err
		}
		day := rationadmin.ImportedDay{KeyID: issued.Key.ID, Meter: ration.MeterRequests, Date: ration.DateID(2024, 2, 29), Used: 12}
		if _, err := operations.ImportUsage(ctx, "migration", rationadmin.UsageImport{Days: []rationadmin.ImportedDay{day}}); err != nil {
			return err
		}
		days, err := operations.UsageDays(ctx, rationadmin.UsageFilter{Owner: "alice"})
		if err != nil {
			return err
		}
		for _, day := range days {
			fmt.Println(day.Date.Date().Format("2006-01-02"), day.Meter, day.Used)
		}
		return nil
	})
	// Output: 2024-02-29 requests 12
}
