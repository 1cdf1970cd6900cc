package snapshot_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/bootledger/bootledger/boot/rootfs/rootfstest"
	"github.com/bootledger/bootledger/snapshot"
)

// TestFault fails each system call by which a call changes something, once or
// from then on.
func TestFault(t *testing.T) {
	for _, fault := range []struct {
		errno  unix.Errno
		lasts  bool
		stride int // between those that fail
		want   snapshot.Kind
	}{
		{unix.ENOSPC, false, 1, snapshot.Failed},
		{unix.EIO, true, 3, snapshot.Failed},
		{unix.EROFS, true, 20, snapshot.ReadOnly},
		{unix.EACCES, false, 20, snapshot.Permission},
	} {
		for _, i := range interruptibles[:3] {
			t.Run(fmt.Sprint(fault.errno.Error(), ", ", i.name), func(t *testing.T) {
				t.Parallel()
				g, before, after := i.prepared(t)
				transactions := len(g.log())
				for n := 0; ; n += fault.stride {
					g := g.copy()
					var err error
					made, isSync := 0, false // after a sync that failed nothing is sure
					rootfstest.Intercept(t, func() { _, err = g.do(i.call, snapshot.Changing{}) }, func(c rootfstest.Call) unix.Errno {
						made++
						isSync = isSync || made == n+1 && syncs(c)
						if made == n+1 || made > n && fault.lasts {
							return fault.errno
						}
						return 0
					})
					if made <= n {
						break
					}
					want := before
					switch kind := kindOf(err); {
					case kind == "" && !fault.lasts:
						want = after
					case kind == fault.want, kind == snapshot.Failed && n > 0: // bbolt does not wrap all of its errors
					case kind == snapshot.Unfinished && (fault.lasts || isSync || strings.Contains(err.Error(), fmt.Sprintf("the end of transaction %d could not", transactions+1))):
						want = nil // the next call sees to it
					default:
						t.Errorf("got %s (%v), want %s", kind, err, fault.want)
					}
					if want != nil && !fault.lasts { // then not even a leftover could be removed
						if diff := cmp.Diff(want, g.listing()); diff != "" {
							t.Errorf("ended with %v, but (-want +got)\n%s", err, diff)
						}
					}
					g.recovered(t, before, after, transactions)
					if t.Failed() {
						t.Fatalf("the call that failed was number %d", n)
					}
				}
			})
		}
	}
}

// TestNeighbour has somebody else change a path ahead of every third system call
// by which a call changes something. Whatever he does, it stands at the end.
func TestNeighbour(t *testing.T) {
	write := func(text string) func(string) error {
		return func(path string) error {
			return errors.Join(os.WriteFile(path+".theirs", []byte(text), 0o600), os.Rename(path+".theirs", path))
		}
	}
	link := func(path string) error {
		return errors.Join(os.Symlink("theirs", path+".theirs"), os.Rename(path+".theirs", path))
	}
	for _, neighbour := range []struct {
		name, guest, path string
		act               func(path string) error
	}{
		{"takes a link away", snapshot.Links, "/etc/rcS.d/S03udev", os.Remove},
		{"makes a link lead elsewhere", snapshot.Links, "/etc/rcS.d/S11hwclock.sh", link},
		{"is first to park", snapshot.Links, "/etc-before-lxc", write("mine")},
		{"edits a file in place", snapshot.Insserv, "/etc/init.d/.depend.boot", func(path string) error { return os.WriteFile(path, []byte("theirs"), 0o600) }},
		{"replaces a file", snapshot.Insserv, "/etc/init.d/.depend.boot", write("theirs")},
		{"replaces a link by a file", snapshot.Insserv, "/etc/rcS.d/S02hwclock.sh", write("theirs")},
		{"makes a link lead elsewhere, insserv", snapshot.Insserv, "/etc/rc6.d/K01hwclock.sh", link},
		{"takes a link away, insserv", snapshot.Insserv, "/etc/rcS.d/S02hwclock.sh", os.Remove},
	} {
		t.Run(neighbour.name, func(t *testing.T) {
			t.Parallel()
			original := newGuest(t, neighbour.guest, smallGuest...)
			conflicts := 0
			for n := 0; ; n += 3 {
				g := original.copy()
				path := g.path(neighbour.path)
				root := g.root()
				s, err := snapshot.Open(options(root, false))
				if err != nil {
					t.Fatal(err)
				}
				made := 0
				var theirs string
				var acted error
				rootfstest.Intercept(t, func() { _, err = disable("udev", "hwclock.sh")(s, snapshot.Changing{}) }, func(rootfstest.Call) unix.Errno {
					if made == n {
						if acted = neighbour.act(path); acted == nil {
							theirs = describe(t, path)
						}
					}
					made++
					return 0
				})
				s.Close()
				root.Close()
				if made <= n {
					break
				}
				if acted != nil { // ours was there first
					continue
				}
				if got := describe(t, path); got != theirs {
					t.Errorf("ahead of call %d: %s is %q after %v, want %q", n, neighbour.path, got, err, theirs)
				}
				switch kind := kindOf(err); kind {
				case snapshot.Conflict:
					conflicts++
					if !strings.Contains(err.Error(), neighbour.path) {
						t.Errorf("ahead of call %d: the path is not named: %v", n, err)
					}
				case "":
				default:
					t.Errorf("ahead of call %d: got %s (%v), want a conflict", n, kind, err)
				}
				g.listing()
				g.verify()
			}
			if conflicts == 0 {
				t.Error("there was no conflict")
			}
		})
	}
}

// describe tells what a path holds.
func describe(t *testing.T, path string) string {
	if _, err := os.Lstat(path); err != nil {
		return "nothing"
	}
	if target, err := os.Readlink(path); err == nil {
		return "link to " + target
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	return string(content)
}
