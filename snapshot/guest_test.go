package snapshot

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/order"
	"github.com/bootledger/bootledger/boot/profile"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/boot/rootfs/rootfstest"
	"github.com/bootledger/bootledger/state"
)

const ledgerDir = "/var/lib/bootledger"

// Properties draw the same guests every time unless a seed is given.
func init() {
	for name, value := range map[string]string{"rapid.seed": "1", "rapid.checks": "12", "rapid.steps": "9", "rapid.shrinktime": "10s"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
}

// tester is what testing.T and rapid.T have in common.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// guest is a small guest on disk. Calls on it are a minute apart.
type guest struct {
	dir     string
	now     time.Time
	profile profile.Profile
}

// daemon is a script of a small guest and its links.
type daemon struct {
	name, header string
	mode         string
	links        []string // as in "2/S20cron"; of guests with fixed links
	off          bool     // of guests with insserv: not enabled
}

// Guests by what tells their boot schemes apart.
const (
	lenny   = "5.0.10"
	squeeze = "6.0.10"
	wheezy  = "7.11"
)

const makefileRC = `#!/bin/sh
CONCURRENCY=makefile
[ -f /etc/default/rcS ] && . /etc/default/rcS
`

// newGuest builds a guest in the empty directory dir: one of Lenny boots from
// fixed links, one of Squeeze with startpar, one of Wheezy from what insserv
// numbers, since startpar was declined.
func newGuest(t testing.TB, dir, version string, daemons []daemon) *guest {
	t.Helper()
	g := &guest{dir: dir, now: time.Date(2011, 2, 6, 12, 0, 0, 0, time.UTC)}
	lines := []string{
		"file etc/debian_version 0644 " + version,
		"file etc/insserv.conf 0644 $local_fs +s0 +s1",
		"file sbin/init 0755",
		"file var/lib/dpkg/lock 0640",
	}
	for _, level := range "S0123456" {
		lines = append(lines, fmt.Sprintf("dir etc/rc%c.d", level))
	}
	switch version {
	case lenny:
		lines = append(lines, `file etc/init.d/rc 0755 "#!/bin/sh\n"`)
	case wheezy:
		lines = append(lines, "file etc/init.d/.legacy-bootordering")
		fallthrough
	default:
		lines = append(lines, fmt.Sprintf("file etc/init.d/rc 0755 %q", makefileRC))
	}
	var on []string
	for _, s := range daemons {
		lines = append(lines, fmt.Sprintf("file etc/init.d/%s %s %q", s.name, s.mode, s.header))
		for _, link := range s.links {
			lines = append(lines, fmt.Sprintf("link etc/rc%c.d/%s ../init.d/%s", link[0], link[2:], s.name))
		}
		if !s.off {
			on = append(on, s.name)
		}
	}
	rootfstest.Build(t, dir, lines...)
	if version != lenny && len(on) > 0 {
		g.insserv(t, append([]string{"-f"}, on...)...)
	}
	return g
}

func header(name string, lines ...string) string {
	return fmt.Sprintf("#!/bin/sh\n### BEGIN INIT INFO\n# Provides: %s\n# %s\n### END INIT INFO\n", name, strings.Join(lines, "\n# "))
}

// insserv does to the guest what its insserv would do, as an upgrade does
// behind the ledger's back.
func (g *guest) insserv(t tester, args ...string) {
	t.Helper()
	root, err := rootfs.Open(g.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	c, err := boot.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	rules, _ := order.RulesFor(boot.InsservVersion(&boot.Packages{}, c.Release))
	outcome, err := Native{Rules: rules}.Run(context.Background(), c.Tree, args)
	if err != nil {
		t.Fatal(err)
	}
	contents := blobs(outcome.Tree)
	for _, change := range difference(c.Tree, outcome.Tree) {
		have, err := entry(change.Before)
		if err != nil {
			t.Fatal(err)
		}
		want, err := entry(change.After)
		if err != nil {
			t.Fatal(err)
		}
		var content []byte
		if want != nil {
			content = contents[want.SHA256]
		}
		if err := root.Replace(change.Path, have, want, content); err != nil {
			t.Fatal(err)
		}
	}
}

// call opens a session, hands it to do, and closes it.
func (g *guest) call(t tester, do func(*Session) error, edit ...func(*Options)) error {
	t.Helper()
	root, err := rootfs.Open(g.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	g.now = g.now.Add(time.Minute)
	options := Options{Root: root, Ledger: ledgerDir + "/state.db", Now: func() time.Time { return g.now }, Profile: g.profile}
	for _, e := range edit {
		e(&options)
	}
	s, err := Open(options)
	if err != nil {
		return err
	}
	return errors.Join(do(s), s.Close())
}

func trying(o *Options) { o.Trying = true }

// change makes a call that is to succeed.
func (g *guest) change(t tester, do func(*Session) (*Result, error)) *Result {
	t.Helper()
	var result *Result
	err := g.call(t, func(s *Session) (err error) {
		result, err = do(s)
		return err
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return result
}

// intents gives the standing intents by script.
func (g *guest) intents(t tester) map[string]*state.Intent {
	t.Helper()
	var intents map[string]*state.Intent
	if err := g.call(t, func(s *Session) (err error) {
		intents, err = s.intents()
		return err
	}, trying); err != nil {
		t.Fatal(err)
	}
	return intents
}

// listing lists the guest without its ledger.
func (g *guest) listing(t testing.TB) map[string]string {
	t.Helper()
	listing := rootfstest.Snapshot(t, g.dir)
	maps.DeleteFunc(listing, func(path, _ string) bool { return strings.HasPrefix(path, "/var") })
	return listing
}

// times gives the times of all that is no directory.
func (g *guest) times(t testing.TB) map[string]time.Time {
	t.Helper()
	times := map[string]time.Time{}
	for path, line := range g.listing(t) {
		info, err := os.Lstat(g.dir + path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(line, "dir ") {
			times[path] = info.ModTime()
		}
	}
	return times
}

// sound checks all that the ledger holds.
func (g *guest) sound(t tester) {
	t.Helper()
	if err := g.call(t, func(s *Session) error {
		problems, err := s.ledger.Verify()
		for _, p := range problems {
			t.Fatalf("ledger has a problem: %s: %s: %s", p.Kind, p.Where, p.Message)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
