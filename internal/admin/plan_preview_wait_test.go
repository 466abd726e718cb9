package admin_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func TestPreviewsAreMadeFewAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := admin.New(nil, admin.Config{})
		narrow := s.Within(admin.Reach{Owners: []string{"ada"}})
		end := make([]func(), 2)
		for i, one := range []*admin.Service{s, narrow} {
			var err error
			if end[i], err = one.BeginPreview(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		begun := time.Now()
		if _, err := narrow.BeginPreview(t.Context()); !errors.Is(err, ration.ErrConflict) || time.Since(begun) != 10*time.Second {
			t.Errorf("a third one after %s: %v", time.Since(begun), err)
		}
		gone, leave := context.WithCancel(t.Context())
		leave()
		if _, err := s.BeginPreview(gone); !errors.Is(err, ration.ErrStoreUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("whoever has left gets %v", err)
		}
		go func() {
			time.Sleep(time.Second)
			end[0]()
		}()
		third, err := s.BeginPreview(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		third()
		end[1]()
		for range 3 {
			if end, err := s.BeginPreview(t.Context()); err != nil {
				t.Error(err)
			} else {
				end()
			}
		}
	})
}
