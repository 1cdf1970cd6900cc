package snapshot

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/boot/rootfs/rootfstest"
	"github.com/bootledger/bootledger/state"
)

// failure makes a call that is to fail, and checks its kind and that it changed
// nothing: not the guest, nor its ledger.
func (g *guest) failure(t *testing.T, kind Kind, do func(*Session) error, edit ...func(*Options)) Error {
	t.Helper()
	before := rootfstest.Snapshot(t, g.dir)
	err := g.call(t, do, edit...)
	if err == nil {
		t.Fatalf("no failure, want %s", kind)
	}
	explained := Explain(err)
	if explained.Kind != kind {
		t.Errorf("got kind %s, want %s: %v", explained.Kind, kind, err)
	}
	if diff := cmp.Diff(before, rootfstest.Snapshot(t, g.dir)); diff != "" {
		t.Errorf("a failure left changes (-before +after):\n%s", diff)
	}
	return *explained
}

func disableMid(t *testing.T, c Changing) func(*Session) error {
	return func(s *Session) error {
		_, err := s.Disable(t.Context(), []string{"mid"}, c)
		return err
	}
}

// TestChangedMeanwhile has somebody change a path between plan and apply.
func TestChangedMeanwhile(t *testing.T) {
	for _, line := range []string{"link etc/rc3.d/S21mid /elsewhere", "file etc/rc3.d/S21mid 0755 theirs", "dir etc/rc3.d/S21mid"} {
		t.Run(line, func(t *testing.T) {
			g := smallGuest(t, lenny)
			var theirs map[string]string
			err := g.call(t, func(s *Session) error {
				must(t, os.Remove(filepath.Join(g.dir, "etc/rc3.d/S21mid")))
				rootfstest.Build(t, g.dir, line)
				theirs = g.listing(t)
				return disableMid(t, Changing{})(s)
			})
			if got := Explain(err).Kind; got != Conflict {
				t.Errorf("got kind %s, want conflict: %v", got, err)
			}
			if diff := cmp.Diff(theirs, g.listing(t)); diff != "" {
				t.Errorf("(-theirs +after):\n%s", diff)
			}
			must(t, g.call(t, func(s *Session) error {
				logged, err := s.Show(1)
				if err == nil && (logged.State != string(state.Interrupted) || logged.Error == "") {
					t.Errorf("got state %s, error %q", logged.State, logged.Error)
				}
				return err
			}))
			g.sound(t)
		})
	}
}

// TestForceRecords has something else in the way of a parked link: it is a
// conflict unless forced, and then the ledger has it.
func TestForceRecords(t *testing.T) {
	for _, line := range []string{
		"link etc-before-lxc/rc2.d/S20mid ../elsewhere", "file etc-before-lxc/rc2.d/S20mid 0640 theirs",
	} {
		t.Run(line, func(t *testing.T) {
			g := smallGuest(t, lenny)
			rootfstest.Build(t, g.dir, line)
			before := g.listing(t)
			explained := g.failure(t, Conflict, disableMid(t, Changing{}))
			const parked = "/etc-before-lxc/rc2.d/S20mid"
			if diff := cmp.Diff([]string{parked}, explained.Paths); diff != "" {
				t.Errorf("paths (-want +got):\n%s", diff)
			}
			result := g.change(t, func(s *Session) (*Result, error) {
				return s.Disable(t.Context(), []string{"mid"}, Changing{Force: true})
			})
			if got := g.listing(t)[parked]; !strings.HasSuffix(got, " ../init.d/mid") {
				t.Errorf("%s is %s", parked, got)
			}
			g.change(t, func(s *Session) (*Result, error) {
				return s.Undo(t.Context(), result.Transaction, nil, Changing{})
			})
			if diff := cmp.Diff(before, g.listing(t)); diff != "" {
				t.Errorf("(-before +undone):\n%s", diff)
			}
		})
	}
}

func TestBusyLedger(t *testing.T) {
	g := smallGuest(t, lenny)
	g.change(t, disable("other").on(t))
	must(t, g.call(t, func(*Session) error {
		g.failure(t, Busy, disableMid(t, Changing{}))
		return nil
	}))
}

func TestBusyDpkg(t *testing.T) {
	for _, lock := range dpkgLocks {
		t.Run(lock, func(t *testing.T) {
			g := smallGuest(t, lenny)
			rootfstest.Build(t, g.dir, "file "+lock[1:]+" 0640")
			f, err := os.OpenFile(g.dir+lock, os.O_RDWR, 0)
			must(t, err)
			defer f.Close()
			// Another open file of the same process counts as another's.
			must(t, unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK}))
			g.failure(t, Busy, disableMid(t, Changing{}))
			must(t, g.call(t, func(s *Session) error { _, err := s.Status(); return err }, trying))
			must(t, g.call(t, disableMid(t, Changing{}), func(o *Options) { o.UnderDpkg = true }))
			must(t, f.Close())
			g.change(t, enable("mid").on(t))
		})
	}
}

// on makes a step of the session of a test.
func (do step) on(t *testing.T) func(*Session) (*Result, error) {
	return func(s *Session) (*Result, error) { return do(t.Context(), s) }
}

func TestDamagedLedger(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"no ledger at all": func([]byte) []byte { return []byte(strings.Repeat("not a ledger\n", 1000)) },
		"one byte":         func([]byte) []byte { return []byte("x") },
		"cut off":          func(b []byte) []byte { return b[:len(b)/3] },
		"zeros":            func(b []byte) []byte { return make([]byte, len(b)) },
	} {
		t.Run(name, func(t *testing.T) {
			g := smallGuest(t, lenny)
			g.change(t, disable("other").on(t))
			file := g.dir + ledgerDir + "/state.db"
			b, err := os.ReadFile(file)
			must(t, err)
			must(t, os.WriteFile(file, damage(b), 0o600))
			g.failure(t, DamagedLedger, disableMid(t, Changing{}))
			g.failure(t, DamagedLedger, func(s *Session) error { _, err := s.Status(); return err }, trying)
		})
	}
}

func TestNoGuest(t *testing.T) {
	for name, lines := range map[string][]string{
		"empty":         nil,
		"no scripts":    {"dir etc/init.d", "file etc/init.d/README"},
		"init.d a file": {"file etc/init.d"},
		"init.d a link": {"dir lib/init.d", "file lib/init.d/cron 0755 x", "link etc/init.d /lib/init.d"},
	} {
		t.Run(name, func(t *testing.T) {
			g := &guest{dir: rootfstest.New(t, lines...)}
			g.failure(t, NotAGuest, func(*Session) error { return nil })
			g.failure(t, NotAGuest, func(*Session) error { return nil }, trying)
		})
	}
}

func TestSystemdIsNotManaged(t *testing.T) {
	g := smallGuest(t, lenny)
	must(t, os.Remove(g.dir+"/sbin/init"))
	rootfstest.Build(t, g.dir, "link sbin/init /lib/systemd/systemd")
	for _, verb := range []step{disable("mid"), enable("mid"), reapply} {
		g.failure(t, NotAGuest, func(s *Session) error { _, err := verb(t.Context(), s); return err })
	}
}

func TestUnknown(t *testing.T) {
	g := smallGuest(t, squeeze)
	g.change(t, disable("mid").on(t))
	g.change(t, undo(1).on(t))
	for _, test := range []struct {
		name string
		do   step
		kind Kind
		hint string
	}{
		{"script", disable("mdi"), UnknownScript, "mid"},
		{"script to enable", enable("nothing-like-it"), UnknownScript, "bootledger scripts"},
		{"transaction", undo(9), NoTransaction, "log"},
		{"no transaction is 0", undo(0), NoTransaction, "log"},
		{"redo", redo(9), NoTransaction, "log"},
		{"rollback", rollback(9), NoTransaction, "log"},
		{"undone already", undo(1), Usage, "redo"},
		{"not undone", redo(2), Usage, "log"},
		{"script of a transaction", undo(2, "last"), UnknownScript, "show"},
	} {
		t.Run(test.name, func(t *testing.T) {
			explained := g.failure(t, test.kind, func(s *Session) error { _, err := test.do(t.Context(), s); return err })
			if !strings.Contains(explained.Hint, test.hint) {
				t.Errorf("hint %q, want one with %q", explained.Hint, test.hint)
			}
		})
	}
}

// TestReadOnlyGuest works on a file system that is mounted read-only.
func TestReadOnlyGuest(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting needs root")
	}
	g := smallGuest(t, lenny)
	g.change(t, disable("other").on(t))
	if err := unix.Mount(g.dir, g.dir, "", unix.MS_BIND, ""); err != nil {
		t.Skipf("cannot mount here: %v", err)
	}
	t.Cleanup(func() { must(t, unix.Unmount(g.dir, unix.MNT_DETACH)) })
	must(t, unix.Mount("", g.dir, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""))
	g.failure(t, ReadOnly, disableMid(t, Changing{}))
	must(t, g.call(t, func(s *Session) error { _, err := s.Status(); return err }, trying))
}

// TestNamesThatAreNotUTF8 are nothing that a ledger can keep: the scripts that
// have them cannot be changed, others can.
func TestNamesThatAreNotUTF8(t *testing.T) {
	for name, lines := range map[string][]string{
		"m\xff": {`file "etc/init.d/m\xff" 0755 x`, `link "etc/rc2.d/S20m\xff" "../init.d/m\xff"`},
		"odd":   {`file etc/init.d/odd 0755 x`, `link etc/rc2.d/S20odd "../init.d/\xff"`},
	} {
		t.Run(rootfs.Quote(name), func(t *testing.T) {
			g := smallGuest(t, lenny)
			rootfstest.Build(t, g.dir, lines...)
			before := g.listing(t)
			result := g.change(t, disable("mid").on(t))
			if !strings.Contains(strings.Join(result.Warnings, "\n"), "UTF-8") {
				t.Errorf("warnings: %q", result.Warnings)
			}
			g.failure(t, Failed, func(s *Session) error {
				_, err := s.Disable(t.Context(), []string{name}, Changing{})
				return err
			})
			g.change(t, undo(1).on(t))
			if diff := cmp.Diff(before, g.listing(t)); diff != "" {
				t.Errorf("(-before +undone):\n%s", diff)
			}
			g.sound(t)
		})
	}
}

// TestExplain gives each cause its kind.
func TestExplain(t *testing.T) {
	for err, want := range map[error]Kind{
		state.ErrNewer: NewerLedger, state.ErrBusy: Busy, rootfs.ErrBusy: Busy, rootfs.ErrChanged: Conflict,
		unix.EROFS: ReadOnly, os.ErrPermission: Permission, unix.EACCES: Permission, unix.ENOSPC: Failed,
		&state.DamageError{}: DamagedLedger, fail(Refused, "", "said no"): Refused,
	} {
		wrapped := errors.Join(errors.New("first"), &rootfs.PathError{Op: "change", Path: "/etc", Err: err})
		if got := Explain(wrapped).Kind; got != want {
			t.Errorf("%v: got %s, want %s", err, got, want)
		}
	}
}

func TestNewerLedger(t *testing.T) {
	g := smallGuest(t, lenny)
	g.change(t, disable("other").on(t))
	file := g.dir + ledgerDir + "/state.db"
	b, err := os.ReadFile(file)
	must(t, err)
	later := bytes.ReplaceAll(b, []byte("format1"), []byte("format2")) // a key and its value in bbolt's page
	if bytes.Equal(b, later) {
		t.Fatal("the format's version is not where it was expected")
	}
	must(t, os.WriteFile(file, later, 0o600))
	g.failure(t, NewerLedger, disableMid(t, Changing{}))
	g.failure(t, NewerLedger, func(s *Session) error { _, err := s.Status(); return err }, trying)
}
