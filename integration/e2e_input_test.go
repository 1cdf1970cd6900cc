package integration_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBadInput does to real guests what no sample guest can show. What goes wrong
// says why, has its own exit code, and leaves the guest as it was.
func TestBadInput(t *testing.T) {
	for _, test := range []struct {
		name    string
		prepare func(g guest)
		args    string
		inside  bool // in the guest, else from the host
		nobody  bool // as a user without rights
		code    int
		want    []string // in the message
	}{
		{
			name: "no such root", args: "--root=/nowhere convert",
			code: 2, want: []string{"no such root directory: /nowhere", "--root=DIR"},
		},
		{
			name: "not a guest", prepare: func(g guest) { must(g, os.RemoveAll(filepath.Join(g.root, "etc/init.d"))) }, args: "convert",
			code: 1, want: []string{"not a guest", "it has no /etc/init.d"},
		},
		{
			name: "no scripts", prepare: emptyInitDir, args: "convert", inside: true,
			code: 1, want: []string{"not a guest", "there are no scripts in /etc/init.d"},
		},
		{
			name: "unknown script", args: "disable checkrot.sh", inside: true,
			code: 2, want: []string{"no script checkrot.sh in /etc/init.d", "near misses: checkroot.sh"},
		},
		{
			name: "one unknown script of two", args: "disable udev kmood", inside: true,
			code: 2, want: []string{"no script kmood in /etc/init.d", "near misses: kmod"},
		},
		{
			name: "no right to write", args: "convert", nobody: true,
			code: 1, want: []string{"permission denied", "run bootledger as root"},
		},
		{
			name: "no right to read the ledger", prepare: func(g guest) { g.inside(0, "convert") }, args: "status", nobody: true,
			code: 1, want: []string{"permission denied", "run bootledger as root"},
		},
		{
			name: "ledger of a later version", prepare: laterLedger, args: "reapply", inside: true,
			code: 1, want: []string{"its format is 9", "or a later one"},
		},
		{
			name: "read-only", prepare: mountReadOnly, args: "convert",
			code: 1, want: []string{"read-only file system", "read-write first"},
		},
		{
			name: "read-only from inside", prepare: mountReadOnly, args: "convert", inside: true,
			code: 1, want: []string{"read-only file system", "read-write first"},
		},
		{
			name: "dpkg at work", prepare: lockDpkg, args: "convert --wait=0s",
			code: 5, want: []string{"/var/lib/dpkg/lock-frontend", "--wait=DURATION"},
		},
		{
			name: "a machine with systemd", prepare: installSystemd, args: "convert", inside: true,
			code: 1, want: []string{"the guest boots with systemd", "only boots from /etc/rc?.d are managed"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			eachRelease(t, func(t *testing.T, release string) {
				g := build(t, release)
				if test.prepare != nil {
					test.prepare(g)
				}
				before := g.everything()
				args := strings.Fields(test.args)
				var cmd *exec.Cmd
				if test.inside {
					cmd = g.insideCommand(args...)
				} else {
					cmd = g.outsideCommand(args...)
				}
				if test.nobody {
					cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
				}
				got := call(t, test.code, cmd)
				for _, want := range test.want {
					if !strings.Contains(got.stderr, want) {
						t.Errorf("no %q in:\n%s", want, got.stderr)
					}
				}
				if got.stdout != "" {
					t.Errorf("printed %q", got.stdout)
				}
				if diff := cmp.Diff(before, g.everything()); diff != "" {
					t.Errorf("the guest before (-) and after (+):\n%s", diff)
				}
			})
		})
	}
}

// TestOddScripts has scripts in a guest that no package would ship. They stay
// as they are and keep nobody from converting, upgrading and going back.
func TestOddScripts(t *testing.T) {
	eachRelease(t, func(t *testing.T, release string) {
		g := build(t, release)
		for name, text := range map[string]string{
			"latin1":     "#!/bin/sh\n### BEGIN INIT INFO\n# Provides: latin1\n# Required-Start: \xe9t\xe9\n# Default-Start: 2\n### END INIT INFO\n",
			"two\nlines": "#!/bin/sh\n### BEGIN INIT INFO\n# Provides: lines\n# Default-Start: 2\n### END INIT INFO\n",
		} {
			must(g, os.WriteFile(filepath.Join(g.root, "etc/init.d", name), []byte(text), 0o755))
			must(g, os.Symlink("../init.d/"+name, filepath.Join(g.root, "etc/rc2.d/S09"+name)))
		}
		before := g.everything()
		if shown := g.inside(0, "scripts"); !strings.Contains(shown.stdout, `"two\nlines"`) || !strings.Contains(shown.stdout, "latin1") {
			t.Errorf("scripts does not show them:\n%s", shown.stdout)
		}
		g.inside(0, "convert")
		g.inside(0, "disable", "two\nlines")
		g.inside(0, "status")
		g.inside(0, "rollback", "0")
		after := g.everything()
		for _, path := range differing(before, after) {
			if !strings.HasPrefix(path, "/var/lib/bootledger") {
				t.Errorf("%s: before %q, after %q", path, before[path], after[path])
			}
		}
	})
}

// everything lists what bootledger might touch.
func (g guest) everything() map[string]string {
	all := g.listing("/etc")
	for _, dir := range []string{"/var/lib/bootledger", "/etc-before-lxc"} {
		if _, err := os.Lstat(filepath.Join(g.root, dir)); err == nil {
			for path, line := range g.listing(dir) {
				all[path] = line
			}
		}
	}
	return all
}

func emptyInitDir(g guest) {
	must(g, os.RemoveAll(filepath.Join(g.root, "etc/init.d")))
	must(g, os.Mkdir(filepath.Join(g.root, "etc/init.d"), 0o755))
}

// laterLedger makes a ledger say that it has a format of the future.
func laterLedger(g guest) {
	g.inside(0, "convert")
	ledger := filepath.Join(g.root, "var/lib/bootledger/state.db")
	text, err := os.ReadFile(ledger)
	must(g, err)
	later := bytes.ReplaceAll(text, []byte("format1"), []byte("format9"))
	if bytes.Equal(text, later) {
		g.Fatal("the ledger does not say which format it has")
	}
	must(g, os.WriteFile(ledger, later, 0o600))
}

func mountReadOnly(g guest) {
	must(g, syscall.Mount("", g.root, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
}

// lockDpkg holds dpkg's lock as apt-get does, from another process than the one
// that is to wait for it.
func lockDpkg(g guest) {
	lock, err := os.OpenFile(filepath.Join(g.root, "var/lib/dpkg/lock-frontend"), os.O_RDWR|os.O_CREATE, 0o640)
	must(g, err)
	g.Cleanup(func() { lock.Close() })
	must(g, syscall.FcntlFlock(lock.Fd(), syscall.F_SETLK, &syscall.Flock_t{Type: syscall.F_WRLCK}))
}

// installSystemd does what the package systemd-sysv does to a boot.
func installSystemd(g guest) {
	init := filepath.Join(g.root, "sbin/init")
	must(g, os.Remove(init))
	must(g, os.Symlink("/lib/systemd/systemd", init))
}
