package snapshot_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/bootledger/bootledger/boot/rootfs/rootfstest"
	"github.com/bootledger/bootledger/snapshot"
	"github.com/bootledger/bootledger/state"
)

var ctx = context.Background()

// interruptible is a call that tests interrupt in all ways.
type interruptible struct {
	name    string
	guest   string // Links or Insserv
	prepare func(guest)
	call    verb
}

var interruptibles = []interruptible{
	{"disable, links", snapshot.Links, func(guest) {}, disable("udev", "hwclock.sh")},
	{"disable, insserv", snapshot.Insserv, func(guest) {}, disable("udev", "hwclock.sh")},
	{"rollback by decision, insserv", snapshot.Insserv, func(g guest) {
		g.must(disable("hwclock.sh"))
		g.must(disable("cron"))
		g.insserv("hwclock.sh")
	}, rollback(0)},
	{"undo, links", snapshot.Links, func(g guest) { g.must(disable("udev", "hwclock.sh")) }, undo(1)},
	{"undo, insserv", snapshot.Insserv, func(g guest) { g.must(disable("hwclock.sh")) }, undo(1)},
	{"reapply, links", snapshot.Links, func(g guest) {
		g.must(disable("udev", "hwclock.sh"))
		rootfstest.Build(g, g.dir, "link etc/rcS.d/S04udev ../init.d/udev")
	}, reapply(false)},
}

// prepared makes the guest of an interruptible call and tells how it is before
// and after.
func (i interruptible) prepared(t *testing.T) (g guest, before, after map[string]string) {
	t.Helper()
	g = newGuest(t, i.guest, smallGuest...)
	i.prepare(g)
	done := g.copy()
	done.must(i.call)
	before, after = g.listing(), done.listing()
	if maps.Equal(before, after) {
		t.Fatal("the call changes nothing")
	}
	return g, before, after
}

// syncs tells the calls that change nothing that a process can see.
func syncs(c rootfstest.Call) bool {
	return slices.Contains([]int{unix.SYS_FSYNC, unix.SYS_FDATASYNC, unix.SYS_SYNCFS}, c.Number)
}

// crashes makes a call and gives a copy of the guest for each moment at which
// the process may be killed, and at last one for after the call.
func crashes(t *testing.T, g guest, call func()) []guest {
	t.Helper()
	parent := inMemory(t)
	var states []guest
	take := func() {
		c := guest{t, filepath.Join(parent, fmt.Sprint(len(states)))}
		if err := os.Mkdir(c.dir, 0o755); err != nil {
			t.Fatal(err)
		}
		g.copyTo(c.dir)
		states = append(states, c)
	}
	changed := true
	rootfstest.Intercept(t, call, func(c rootfstest.Call) unix.Errno {
		if changed {
			take()
		}
		changed = !syncs(c)
		return 0
	})
	take()
	return states
}

// recovered opens a guest after a crash and checks that it is as it was before
// the call, or as it is after it, and that the ledger says the same.
func (g guest) recovered(t *testing.T, before, after map[string]string, transactions int) {
	t.Helper()
	root := g.root()
	defer root.Close()
	s, err := snapshot.Open(options(root, false))
	if err != nil {
		t.Errorf("cannot recover: %v", err)
		return
	}
	if r := s.Recovered(); r != nil && len(r.Warnings) > 0 {
		t.Errorf("recovered with the warnings %q", r.Warnings)
	}
	s.Close()
	log := g.log()
	committed := len(log) > transactions && log[len(log)-1].Outcome == state.Committed
	want := before
	if committed {
		want = after
	}
	if diff := cmp.Diff(want, g.listing()); diff != "" {
		t.Errorf("recovered, committed: %v (-want +got)\n%s", committed, diff)
	}
	g.verify()
	s, err = snapshot.Open(options(root, false))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Recovered() != nil {
		t.Error("there is something left to recover")
	}
}

// TestCrash kills calls ahead of each system call by which they change
// something, and every twentieth time the recovery, too.
func TestCrash(t *testing.T) {
	for _, i := range interruptibles {
		t.Run(i.name, func(t *testing.T) {
			t.Parallel()
			g, before, after := i.prepared(t)
			transactions := len(g.log())
			states := crashes(t, g, func() {
				if _, err := g.do(i.call, snapshot.Changing{}); err != nil {
					t.Error(err)
				}
			})
			if len(states) < 20 {
				t.Errorf("only %d moments", len(states))
			}
			again := 0
			for k, crashed := range states {
				if k%20 == 3 {
					again++
					for _, twice := range crashes(t, crashed.copy(), func() { crashed.recovered(t, before, after, transactions) }) {
						twice.recovered(t, before, after, transactions)
					}
				}
				crashed.recovered(t, before, after, transactions)
				if t.Failed() {
					t.Fatalf("killed at moment %d of %d", k, len(states))
				}
			}
			last := states[len(states)-1]
			if diff := cmp.Diff(after, last.listing()); diff != "" {
				t.Errorf("what was acknowledged is lost (-want +got)\n%s", diff)
			}
			t.Logf("%d moments, %d of them with the recovery killed, too", len(states), again)
		})
	}
}
