package crash

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/boot/profile"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/boot/rootfs/rootfstest"
	"github.com/bootledger/bootledger/snapshot"
	"github.com/bootledger/bootledger/state"
)

var (
	every = flag.Bool("crash.every", false, "every kind of fault at every call, rather than one at every second")
	first = flag.Int("crash.from", 1, "the `call` to begin with")
)

// kinds are the faults other than being killed. What is interrupted for ever
// would be repeated for ever.
var kinds = []fault{
	{errno: syscall.EIO},
	{errno: syscall.ENOSPC, ever: true},
	{errno: syscall.EROFS},
	{errno: syscall.EMFILE, ever: true},
	{errno: syscall.EINTR},
	{errno: syscall.EIO, ever: true},
	{errno: syscall.ENOSPC},
	{errno: syscall.EROFS, ever: true},
	{errno: syscall.EMFILE},
	{short: true},
}

var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "crash")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "bootledger")
	out, err := exec.Command("go", "build", "-o", binary, "../../cmd/bootledger").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("go build: %w: %s", err, out)
	}
	return binary, err
})

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if binary, err := built(); err == nil {
		_ = os.RemoveAll(filepath.Dir(binary))
	}
	os.Exit(code)
}

func script(name string, lines ...string) string {
	header := fmt.Sprintf("#!/bin/sh\n### BEGIN INIT INFO\n# Provides: %s\n# %s\n### END INIT INFO\n", name, strings.Join(lines, "\n# "))
	return fmt.Sprintf("file etc/init.d/%s 0755 %q", name, header)
}

// guests are small guests of which the profile disables two scripts: one with
// fixed links, one that startpar boots.
var guests = map[string][]string{
	"sysv": {
		"file etc/debian_version 0644 5.0.10", `file etc/init.d/rc 0755 "#!/bin/sh\n"`,
		script("udev"), script("hwclock.sh"), script("cron"),
		"link etc/rcS.d/S03udev ../init.d/udev", "link etc/rcS.d/S11hwclock.sh ../init.d/hwclock.sh", "link etc/rc0.d/K25hwclock.sh ../init.d/hwclock.sh",
		"link etc/rc2.d/S89cron ../init.d/cron",
	},
	"startpar": {
		"file etc/debian_version 0644 6.0.10", `file etc/init.d/rc 0755 "#!/bin/sh\nCONCURRENCY=makefile\n[ -f /etc/default/rcS ] && . /etc/default/rcS\n"`,
		script("udev", "Required-Start: mountkernfs", "Default-Start: S"), script("mountkernfs", "Default-Start: S"),
		script("hwclock.sh", "Required-Start: udev", "Default-Start: S", "Default-Stop: 0 6"), script("cron", "Required-Start: udev", "Default-Start: 2 3"),
		"link etc/rcS.d/S01mountkernfs ../init.d/mountkernfs", "link etc/rcS.d/S02udev ../init.d/udev", "link etc/rcS.d/S03hwclock.sh ../init.d/hwclock.sh",
		"link etc/rc0.d/K01hwclock.sh ../init.d/hwclock.sh", "link etc/rc6.d/K01hwclock.sh ../init.d/hwclock.sh",
		"link etc/rc2.d/S01cron ../init.d/cron", "link etc/rc3.d/S01cron ../init.d/cron",
		`file etc/init.d/.depend.boot 0644 "TARGETS = mountkernfs udev hwclock.sh\nINTERACTIVE =\nudev: mountkernfs\nhwclock.sh: udev\n"`,
		`file etc/init.d/.depend.start 0644 "TARGETS = cron\nINTERACTIVE =\n"`, `file etc/init.d/.depend.stop 0644 "TARGETS = hwclock.sh\n"`,
	},
}

// common are the parts that every guest has.
var common = []string{
	"file etc/insserv.conf 0644", "file sbin/init 0755", "file var/lib/dpkg/lock 0640", "file var/lib/dpkg/lock-frontend 0640",
	"dir etc/rcS.d", "dir etc/rc0.d", "dir etc/rc1.d", "dir etc/rc2.d", "dir etc/rc3.d", "dir etc/rc4.d", "dir etc/rc5.d", "dir etc/rc6.d",
}

// verbs are the calls that change a guest, each after what makes it one that does.
var verbs = map[string]struct {
	first []string
	call  string
}{
	"convert":  {nil, "convert"},
	"disable":  {nil, "disable cron"},
	"enable":   {[]string{"convert"}, "enable udev"},
	"undo":     {[]string{"convert"}, "undo 1"},
	"redo":     {[]string{"convert", "undo 1"}, "redo 1"},
	"rollback": {[]string{"convert", "disable cron"}, "rollback 0"},
	"reapply":  {[]string{"convert", "upgrade"}, "reapply"},
}

// patience is how long to wait for a lock: a process that is just being started
// for another test may hold a copy of the ledger's handle for an instant.
const patience = 10 * time.Second

const ledger = "/var/lib/bootledger"

// TestFaults makes each call of each verb fail in every way.
func TestFaults(t *testing.T) {
	binary, err := built()
	if err != nil {
		t.Fatal(err)
	}
	var faults, half atomic.Int64
	began := time.Now()
	t.Run("all", func(t *testing.T) {
		for scheme := range guests {
			for verb, v := range verbs {
				t.Run(scheme+"/"+verb, func(t *testing.T) {
					t.Parallel()
					e := newExperiment(t, binary, scheme, v.first, v.call)
					for at := *first; ; at++ {
						for i, f := range append([]fault{{}}, kinds...) {
							if i > 0 && !*every && at%(2*len(kinds)) != 2*(i-1) {
								continue
							}
							f.at = at
							ended := e.try(t, f, &half)
							if i == 0 && ended {
								t.Logf("%d calls", at-1)
								return
							}
							faults.Add(1)
						}
					}
				})
			}
		}
	})
	t.Logf("%d faults in %v; %d left a guest for recover", faults.Load(), time.Since(began).Round(time.Second), half.Load())
}

// TestKilledAgain kills a call, and then the recovery from that.
func TestKilledAgain(t *testing.T) {
	binary, err := built()
	if err != nil {
		t.Fatal(err)
	}
	callStep, recoverStep := 60, 17
	if *every {
		callStep, recoverStep = 1, 1
	}
	var pairs atomic.Int64
	t.Run("all", func(t *testing.T) {
		for scheme := range guests {
			for _, verb := range []string{"convert", "rollback"} {
				t.Run(scheme+"/"+verb, func(t *testing.T) {
					t.Parallel()
					e := newExperiment(t, binary, scheme, verbs[verb].first, verbs[verb].call)
					for at := *first; ; at += callStep {
						guest := e.copy(t, e.start)
						got, err := trace(e.argv, fault{at: at})
						if err != nil {
							t.Fatal(err)
						}
						if got.call == "" {
							return
						}
						if !e.pending(t, guest) {
							continue
						}
						half := filepath.Join(e.dir, "half")
						if err := errors.Join(os.RemoveAll(half), os.Rename(guest, half)); err != nil {
							t.Fatal(err)
						}
						for again := 1 + at%recoverStep; ; again += recoverStep {
							guest := e.copy(t, half)
							recovery, err := trace([]string{binary, "--engine=native", "--root=" + guest, "recover"}, fault{at: again})
							if err != nil {
								t.Fatal(err)
							}
							if recovery.call == "" {
								break
							}
							pairs.Add(1)
							e.judge(t, fmt.Sprintf("killed at call %d (%s), recovery at call %d (%s)", at, got.call, again, recovery.call), guest, got.exit)
						}
					}
				})
			}
		}
	})
	t.Logf("%d pairs", pairs.Load())
}

// experiment is one call on one guest, and what the guest is before and after.
type experiment struct {
	dir           string // holds the guests
	start         string // the guest before the call
	argv          []string
	before, after map[string]string
	head          uint64 // the last transaction before the call
}

func newExperiment(t *testing.T, binary, scheme string, first []string, call string) *experiment {
	t.Helper()
	dir := memory(t)
	e := &experiment{dir: dir, start: filepath.Join(dir, "start")}
	if err := os.Mkdir(e.start, 0o755); err != nil {
		t.Fatal(err)
	}
	rootfstest.Build(t, e.start, slices.Concat(common, guests[scheme])...)
	for _, words := range first {
		if words == "upgrade" {
			rootfstest.Build(t, e.start, "link etc/rcS.d/S03udev ../init.d/udev")
			continue
		}
		e.run(t, binary, e.start, words)
	}
	e.argv = append([]string{binary, "--engine=native", "--quiet", "--root=" + dir + "/guest"}, arguments(call)...)
	e.before = listing(t, e.start)
	e.head = e.ledger(t, e.start)

	whole := e.copy(t, e.start)
	e.run(t, binary, whole, call)
	e.after = listing(t, whole)
	if cmp.Equal(e.before, e.after) {
		t.Fatalf("%s changes nothing", call)
	}
	return e
}

// memory gives a directory on a tmpfs if there is one.
func memory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "crash") //nolint:usetesting // t.TempDir may be on a disk
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// arguments gives a verb and its arguments, and an option for those that ask.
func arguments(call string) []string {
	words := strings.Fields(call)
	if words[0] == "undo" || words[0] == "rollback" {
		words = append(words, "--assume-yes")
	}
	return words
}

func (e *experiment) run(t *testing.T, binary, root, call string) {
	t.Helper()
	// Traced, too: a tracer would take the end of a process that another way of
	// starting one waits for.
	got, err := trace(append([]string{binary, "--engine=native", "--root=" + root}, arguments(call)...), fault{})
	if err != nil || got.exit != 0 {
		t.Fatalf("%s: %v, exit code %d: %s", call, err, got.exit, got.stderr)
	}
}

// copy makes a fresh copy of the guest to work on.
func (e *experiment) copy(t *testing.T, from string) string {
	t.Helper()
	guest := filepath.Join(e.dir, "guest")
	if err := errors.Join(os.RemoveAll(guest), os.CopyFS(guest, os.DirFS(from))); err != nil {
		t.Fatal(err)
	}
	// CopyFS keeps neither modes nor owners of directories, which all are 0755 here.
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		to := guest + strings.TrimPrefix(path, from)
		return errors.Join(os.Chmod(to, info.Mode().Perm()), os.Chtimes(to, info.ModTime(), info.ModTime()))
	})
	if err != nil {
		t.Fatal(err)
	}
	return guest
}

// try makes the call with a fault and judges what is left. It reports whether
// the call ended before the fault could hit.
func (e *experiment) try(t *testing.T, f fault, half *atomic.Int64) (ended bool) {
	t.Helper()
	guest := e.copy(t, e.start)
	got, err := trace(e.argv, f)
	if err != nil {
		t.Fatalf("%s: %v", f, err)
	}
	if got.call == "" {
		return true
	}
	where := fmt.Sprintf("%s (%s), exit code %d: %s", f, got.call, got.exit, got.stderr)
	if strings.Contains(got.stderr, "mistake in bootledger") || strings.Contains(got.stderr, "goroutine ") {
		t.Errorf("%s: it panicked", where)
	}
	if now := listing(t, guest); !cmp.Equal(now, e.before) && !cmp.Equal(now, e.after) {
		half.Add(1)
		if got.exit == 0 {
			t.Errorf("%s: it says that it is done:\n%s", where, cmp.Diff(e.after, now))
		}
	} else if got.exit == 1 && !cmp.Equal(now, e.before) && !strings.Contains(got.stderr, "run bootledger recover") {
		t.Errorf("%s: it says that it failed, and the guest is changed", where)
	}
	e.judge(t, where, guest, got.exit)
	return false
}

// judge recovers a guest: it has to be as before the call or as after it, as the
// ledger says, and a second recovery has nothing to do.
func (e *experiment) judge(t *testing.T, where, guest string, exit int) {
	t.Helper()
	e.recover(t, where, guest)
	now, head := listing(t, guest), e.ledger(t, guest)
	switch done := head > e.head; {
	case exit == 0 && !done:
		t.Errorf("%s: it says that it is done, the ledger has no transaction", where)
	case done && !cmp.Equal(now, e.after):
		t.Errorf("%s: recorded (-after +now):\n%s", where, cmp.Diff(e.after, now))
	case !done && !cmp.Equal(now, e.before):
		t.Errorf("%s: not recorded (-before +now):\n%s", where, cmp.Diff(e.before, now))
	}
	whole := rootfstest.Snapshot(t, guest)
	e.recover(t, where, guest)
	if diff := cmp.Diff(whole, rootfstest.Snapshot(t, guest)); diff != "" {
		t.Errorf("%s: recovering again changes:\n%s", where, diff)
	}
	if t.Failed() {
		t.FailNow()
	}
}

// recover opens the guest as every verb that changes it does.
func (e *experiment) recover(t *testing.T, where, guest string) {
	t.Helper()
	root, err := rootfs.Open(guest)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	s, err := snapshot.Open(snapshot.Options{
		Root: root, Ledger: ledger + "/state.db", Now: time.Now, Profile: profile.LXC(), Wait: patience,
	})
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
}

// ledger checks the ledger of a guest and gives the last transaction that was
// committed, 0 if there is none.
func (e *experiment) ledger(t *testing.T, guest string) uint64 {
	t.Helper()
	var head uint64
	e.read(t, guest, func(l *state.Ledger) error {
		problems, err := l.Verify()
		if len(problems) > 0 {
			t.Fatalf("the ledger has problems: %v", problems)
		}
		transactions, listErr := l.Transactions()
		for _, transaction := range transactions {
			if transaction.Outcome == state.Committed {
				head = transaction.ID
			}
		}
		return errors.Join(err, listErr)
	})
	return head
}

// pending reports whether the ledger of a guest says that work is half done.
func (e *experiment) pending(t *testing.T, guest string) bool {
	t.Helper()
	var half bool
	e.read(t, guest, func(l *state.Ledger) error {
		p, err := l.Pending()
		half = p != nil
		return err
	})
	return half
}

// read reads the ledger of a guest, if there is one.
func (e *experiment) read(t *testing.T, guest string, do func(*state.Ledger) error) {
	t.Helper()
	root, err := rootfs.Open(guest)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	dir, err := root.OpenDir(ledger, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	l, err := state.Open(dir, "state.db", state.Options{ReadOnly: true, Wait: patience})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(do(l), l.Close()); err != nil {
		t.Fatal(err)
	}
}

// listing lists a guest without its ledger.
func listing(t *testing.T, guest string) map[string]string {
	t.Helper()
	l := rootfstest.Snapshot(t, guest)
	maps.DeleteFunc(l, func(path, _ string) bool { return strings.HasPrefix(path, ledger) || path == "/" })
	return l
}
