package snapshot

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/boot/rootfs/rootfstest"
	"github.com/bootledger/bootledger/integration/sample"
)

// TestNoTrace makes calls that change nothing: they leave no ledger behind.
func TestNoTrace(t *testing.T) {
	dir := t.TempDir()
	must(t, sample.Unpack(dir, "squeeze-startpar"))
	before := rootfstest.Snapshot(t, dir)
	for name, do := range map[string]func(*Session) error{
		"unknown script": func(s *Session) error {
			_, err := s.Disable(t.Context(), []string{"nosuch"}, Changing{})
			if err == nil {
				return errors.New("disabled a script that is not there")
			}
			return nil
		},
		"nothing to do": func(s *Session) error {
			_, err := s.Enable(t.Context(), []string{"udev"}, Changing{})
			return err
		},
	} {
		with(t, dir, do)
		if diff := cmp.Diff(before, rootfstest.Snapshot(t, dir)); diff != "" {
			t.Errorf("%s (-before +after):\n%s", name, diff)
		}
	}
}

// TestSessionsSideBySide has sessions that create the ledger, wait for it, and
// remove it again since they have no use for it.
func TestSessionsSideBySide(t *testing.T) {
	dir := t.TempDir()
	must(t, sample.Unpack(dir, "squeeze-startpar"))
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			with(t, dir, func(s *Session) error {
				if i == 10 {
					_, err := s.Disable(t.Context(), []string{"cron"}, Changing{})
					return err
				}
				_, err := s.Enable(t.Context(), []string{"udev"}, Changing{})
				return err
			})
		})
	}
	all.Wait()
	with(t, dir, func(s *Session) error {
		log, err := s.Log(LogFilter{})
		if len(log) != 1 {
			t.Errorf("%d transactions, want 1", len(log))
		}
		return err
	})
}
