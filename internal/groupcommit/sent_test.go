package groupcommit_test

import (
	"errors"
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
