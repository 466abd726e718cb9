package groupcommit_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ration-dev/ration/internal/groupcommit"
)

// An observer learns of each call of Commit, once its callers have their answers.
func TestObserverLearnsOfEachCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		var told []groupcommit.Sent
		l := newLane(t, config{
			MaxItems: 2,
			Split:    func(err error) bool { return errors.Is(err, broken) },
			Observe:  func(sent groupcommit.Sent) { told = append(told, sent) },
		})
		first := l.do("a:1")
		call := l.nextIs("a:1")
		rest := l.doAll("a:2", "b:1", "c:1")
		time.Sleep(2 * time.Second)
		call.ok()
		wantDone(t, first)
		call = l.nextIs("a:2", "b:1")
		time.Sleep(time.Second)
		call.fails(broken)
		l.nextIs("a:2").ok()
		l.nextIs("b:1").ok()
		l.nextIs("c:1").ok()
		wantDone(t, rest...)
		synctest.Wait()
		want := []groupcommit.Sent{
			{Items: 1, Took: 2 * time.Second},
			{Items: 2, Queued: 1, Waited: 2 * time.Second, Took: time.Second, Err: broken},
			{Items: 1, Queued: 1, Waited: 3 * time.Second},
			{Items: 1, Queued: 1, Waited: 3 * time.Second},
			{Items: 1, Waited: 3 * time.Second},
		}
		if diff := cmp.Diff(want, told, cmpopts.EquateErrors()); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		l.close()
	})
}

type callerKey struct{}

// What starts a call of Commit sees its callers' contexts, and Commit gets its context. It
// is told of the end of each call.
func TestStartSeesTheCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var started, committed, ended []string
		release := make(chan struct{})
		batcher := groupcommit.New(groupcommit.Config[string, string, string]{
			Key: func(item string) string { return item },
			Start: func(ctx context.Context, sent groupcommit.Sent, callers iter.Seq[context.Context]) (context.Context, func(groupcommit.Sent)) {
				names := ""
				for caller := range callers {
					names += caller.Value(callerKey{}).(string)
				}
				started = append(started, fmt.Sprintf("%s %d %d %s", names, sent.Items, sent.Queued, sent.Waited))
				if names == "d" {
					return ctx, nil
				}
				return context.WithValue(ctx, callerKey{}, "batch of "+names), func(sent groupcommit.Sent) {
					ended = append(ended, fmt.Sprintf("%s %d %s", names, sent.Items, sent.Took))
				}
			},
			Commit: func(ctx context.Context, items []string) ([]string, error) {
				name, _ := ctx.Value(callerKey{}).(string)
				committed = append(committed, name)
				<-release
				return items, nil
			},
		})
		done := make(chan error)
		do := func(name string) {
			go func() {
				_, err := batcher.Do(context.WithValue(t.Context(), callerKey{}, name), name)
				done <- err
			}()
			synctest.Wait()
		}
		do("a")
		do("b")
		do("c")
		time.Sleep(time.Second)
		for range 2 {
			release <- struct{}{}
			synctest.Wait()
		}
		for range 3 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		do("d")
		release <- struct{}{}
		if err := errors.Join(<-done, batcher.Close(t.Context())); err != nil {
			t.Error(err)
		}
		want := [][]string{
			{"a 1 0 0s", "bc 2 0 1s", "d 1 0 0s"},
			{"batch of a", "batch of bc", ""},
			{"a 1 1s", "bc 2 0s"},
		}
		if diff := cmp.Diff(want, [][]string{started, committed, ended}); diff != "" {
			t.Errorf("started, committed and ended (-want +got):\n%s", diff)
		}
	})
}
