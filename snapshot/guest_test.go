package snapshot_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/order"
	"github.com/bootledger/bootledger/boot/profile"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/boot/rootfs/rootfstest"
	"github.com/bootledger/bootledger/snapshot"
	"github.com/bootledger/bootledger/state"
	"github.com/bootledger/bootledger/state/statetest"
)

const ledgerPath = "/var/lib/bootledger/" + statetest.Name

// guest is a small guest on the host's disk.
type guest struct {
	testing.TB
	dir string
}

// script is what a script of a guest is made of.
type script struct {
	name, requires, start, stop string
	links                       string // in fixed order, as in "rcS.d/S03udev rc0.d/K80udev"
}

var smallGuest = []script{
	{"udev", "", "S", "", "rcS.d/S03udev"},
	{"hwclock.sh", "udev", "S", "0 6", "rcS.d/S11hwclock.sh rc0.d/K25hwclock.sh rc6.d/K25hwclock.sh"},
	{"checkroot.sh", "hwclock.sh", "S", "", "rcS.d/S10checkroot.sh"},
	{"cron", "checkroot.sh", "2 3 4 5", "", "rc2.d/S89cron rc3.d/S89cron rc4.d/S89cron rc5.d/S89cron"},
	{"ssh", "", "2 3 4 5", "0 1 6", "rc0.d/K20ssh rc1.d/K20ssh rc2.d/S20ssh rc3.d/S20ssh rc4.d/S20ssh rc5.d/S20ssh rc6.d/K20ssh"},
}

// header gives the text of a script.
func (s script) text() string {
	return fmt.Sprintf("#!/bin/sh\n### BEGIN INIT INFO\n# Provides: %s\n# Required-Start: %s\n# Required-Stop:\n"+
		"# Default-Start: %s\n# Default-Stop: %s\n### END INIT INFO\n", s.name, s.requires, s.start, s.stop)
}

// newGuest makes a guest in memory that boots by links in fixed order, or with
// startpar.
func newGuest(t testing.TB, method string, scripts ...script) guest {
	t.Helper()
	g := guest{t, inMemory(t)}
	g.fill(method, scripts)
	return g
}

func (g guest) fill(method string, scripts []script) {
	g.Helper()
	lines := []string{"file var/lib/dpkg/lock 0640", "dir var/lib 0755", `file etc/default/rcS 0644 "UTC=yes\n"`}
	for _, level := range lsb.AllRunlevels {
		lines = append(lines, "dir etc/"+level.Dir())
	}
	var status strings.Builder
	for _, s := range scripts {
		lines = append(lines, fmt.Sprintf("file %q 0755 %q", "etc/init.d/"+s.name, s.text()))
		fmt.Fprintf(&status, "Package: %s\nStatus: install ok installed\nVersion: 1\nConffiles:\n /etc/init.d/%[1]s 0\n\n", s.name)
		for _, link := range strings.Fields(s.links) {
			if method == snapshot.Links {
				lines = append(lines, fmt.Sprintf("link etc/%s ../init.d/%s", link, s.name))
			}
		}
	}
	lines = append(lines, fmt.Sprintf("file var/lib/dpkg/status 0644 %q", status.String()))
	if method == snapshot.Links {
		lines = append(lines, `file etc/debian_version 0644 "5.0.10\n"`, `file etc/init.d/rc 0755 "#!/bin/sh\nCONCURRENCY=none\n"`)
	} else {
		lines = append(lines, `file etc/debian_version 0644 "6.0.10\n"`, `file etc/init.d/rc 0755 "#!/bin/sh\nCONCURRENCY=makefile\n. /etc/default/rcS\n"`)
	}
	rootfstest.Build(g, g.dir, lines...)
	if method == snapshot.Insserv {
		for _, s := range scripts {
			g.insserv(s.name)
		}
	}
}

// insserv does to the guest, behind bootledger's back, what insserv does.
func (g guest) insserv(args ...string) {
	g.Helper()
	root := g.root()
	defer root.Close()
	c, err := boot.Read(root)
	g.check(err)
	call, err := order.ParseArgs(append([]string{"-f"}, args...))
	g.check(err)
	rules, _ := order.RulesFor("1.14.0-2")
	after := c.Tree.WithOrder(order.Run(rules, c.Tree.OrderInput(), call))
	for path, node := range c.Tree.Nodes {
		if now, stays := after.Nodes[path]; !stays || !now.Same(node.Entry) {
			g.check(os.RemoveAll(g.path(path)))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(after.Nodes)) {
		node := after.Nodes[path]
		if before, was := c.Tree.Nodes[path]; was && before.Same(node.Entry) {
			continue
		}
		switch node.Type {
		case rootfs.Symlink:
			g.check(os.Symlink(node.Target, g.path(path)))
		case rootfs.Dir:
			g.check(os.Mkdir(g.path(path), 0o755))
		default:
			g.check(os.WriteFile(g.path(path), node.Content, 0o644))
		}
	}
}

func (g guest) path(path string) string { return filepath.Join(g.dir, path) }

func (g guest) check(err error) {
	g.Helper()
	if err != nil {
		g.Fatal(err)
	}
}

func (g guest) root() *rootfs.Root {
	g.Helper()
	root, err := rootfs.Open(g.dir)
	g.check(err)
	return root
}

// lxc is a profile of which the small guest has two scripts.
var lxc = profile.Profile{Name: "lxc", Rules: []profile.Rule{
	{Name: "udev", Verdict: profile.Required, Reason: "no devices"},
	{Name: "hwclock.sh", Verdict: profile.Advised, Reason: "no clock"},
	{Name: "extra", Verdict: profile.Advised, Reason: "came later"},
}}

// verb is a call of bootledger on a guest.
type verb func(*snapshot.Session, snapshot.Changing) (*snapshot.Result, error)

// do makes a call and closes its session.
func (g guest) do(v verb, c snapshot.Changing) (*snapshot.Result, error) {
	g.Helper()
	root := g.root()
	defer root.Close()
	return callOn(root, v, c)
}

func callOn(root *rootfs.Root, v verb, c snapshot.Changing) (result *snapshot.Result, err error) {
	s, err := snapshot.Open(options(root, c.DryRun))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return v(s, c)
}

func options(root *rootfs.Root, dry bool) snapshot.Options {
	return snapshot.Options{Root: root, Ledger: ledgerPath, Now: now, Profile: lxc, Trying: dry}
}

func now() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// must makes a call that has to succeed.
func (g guest) must(v verb) *snapshot.Result {
	g.Helper()
	result, err := g.do(v, snapshot.Changing{})
	if err != nil {
		g.Fatal(err)
	}
	return result
}

// look opens the guest's ledger to read it.
func (g guest) look(do func(*snapshot.Session)) {
	g.Helper()
	root := g.root()
	defer root.Close()
	o := options(root, false)
	o.Looking = true
	s, err := snapshot.Open(o)
	g.check(err)
	defer s.Close()
	do(s)
}

// log gives the guest's transactions, oldest first.
func (g guest) log() (log []snapshot.Logged) {
	g.Helper()
	g.look(func(s *snapshot.Session) {
		var err error
		log, err = s.Log(snapshot.LogFilter{})
		g.check(err)
	})
	slices.Reverse(log)
	return log
}

// listing lists what the guest holds, but for the ledger.
func (g guest) listing() map[string]string {
	g.Helper()
	listing := g.everything()
	maps.DeleteFunc(listing, func(path, _ string) bool { return strings.HasPrefix(path, "/var/lib/bootledger") })
	return listing
}

func (g guest) everything() map[string]string {
	g.Helper()
	listing := rootfstest.Snapshot(g, g.dir)
	for path := range listing {
		if strings.Contains(path, "/.bootledger-") {
			g.Errorf("left behind: %s", path)
		}
	}
	return listing
}

// verify checks the guest's ledger, if there is one.
func (g guest) verify() {
	g.Helper()
	dir := statetest.Dir(g.path(filepath.Dir(ledgerPath)))
	names, err := os.ReadDir(string(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	g.check(err)
	for _, name := range names {
		if name.Name() != statetest.Name {
			g.Errorf("%s is left beside the ledger", name.Name())
		}
	}
	ledger, err := state.Open(dir, statetest.Name, state.Options{ReadOnly: true})
	g.check(err)
	defer ledger.Close()
	problems, err := ledger.Verify()
	g.check(err)
	for _, p := range problems {
		g.Errorf("ledger has a problem: %s: %s: %s", p.Kind, p.Where, p.Message)
	}
}

// copy copies the guest as it is at this moment.
func (g guest) copy() guest {
	g.Helper()
	c := guest{g.TB, inMemory(g)}
	g.copyTo(c.dir)
	return c
}

func (g guest) copyTo(dir string) {
	g.Helper()
	var dirs []string
	g.check(filepath.WalkDir(g.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(dir, strings.TrimPrefix(path, g.dir))
		info, err := e.Info()
		if err != nil {
			return err
		}
		switch {
		case e.IsDir():
			dirs = append(dirs, path)
			err = os.MkdirAll(to, 0o700)
		case info.Mode().IsRegular():
			var content []byte
			if content, err = os.ReadFile(path); err == nil {
				err = errors.Join(os.WriteFile(to, content, 0o600), os.Chmod(to, info.Mode()))
			}
		default:
			var target string
			if target, err = os.Readlink(path); err == nil {
				err = os.Symlink(target, to)
			}
		}
		return errors.Join(err, copyTimes(to, info))
	}))
	for _, path := range dirs {
		info, err := os.Stat(path)
		g.check(err)
		to := filepath.Join(dir, strings.TrimPrefix(path, g.dir))
		g.check(errors.Join(os.Chmod(to, info.Mode()), copyTimes(to, info)))
	}
}

func copyTimes(to string, from fs.FileInfo) error {
	mtime := unix.NsecToTimespec(from.ModTime().UnixNano())
	return unix.UtimesNanoAt(unix.AT_FDCWD, to, []unix.Timespec{mtime, mtime}, unix.AT_SYMLINK_NOFOLLOW)
}

// memory is a directory that is not on a disk, where there is one.
var memory = func() string {
	if info, err := os.Stat("/dev/shm"); err != nil || !info.IsDir() {
		return ""
	}
	return "/dev/shm"
}()

// inMemory gives a directory for tests that sync thousands of times.
func inMemory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(memory, "snapshot-test-") //nolint:usetesting // t.TempDir is on a disk
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// kindOf gives the kind of a failure, empty for none.
func kindOf(err error) snapshot.Kind {
	if err == nil {
		return ""
	}
	return snapshot.Explain(err).Kind
}

func disable(scripts ...string) verb {
	return func(s *snapshot.Session, c snapshot.Changing) (*snapshot.Result, error) {
		return s.Disable(ctx, scripts, c)
	}
}

func enable(scripts ...string) verb {
	return func(s *snapshot.Session, c snapshot.Changing) (*snapshot.Result, error) {
		return s.Enable(ctx, scripts, c)
	}
}

func convert(o snapshot.ConvertOptions) verb {
	return func(s *snapshot.Session, c snapshot.Changing) (*snapshot.Result, error) {
		return s.Convert(ctx, o, c)
	}
}

func undo(id uint64, scripts ...string) verb {
	return func(s *snapshot.Session, c snapshot.Changing) (*snapshot.Result, error) {
		return s.Undo(ctx, id, scripts, c)
	}
}

func redo(id uint64) verb {
	return func(s *snapshot.Session, c snapshot.Changing) (*snapshot.Result, error) {
		return s.Redo(ctx, id, c)
	}
}

func rollback(to uint64) verb {
	return func(s *snapshot.Session, c snapshot.Changing) (*snapshot.Result, error) {
		return s.Rollback(ctx, to, c)
	}
}

func reapply(includeNew bool) verb {
	return func(s *snapshot.Session, c snapshot.Changing) (*snapshot.Result, error) {
		return s.Reapply(ctx, includeNew, c)
	}
}
