package integration_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/integration/guesttest"
)

// TestRollback takes a conversion back while nobody else has changed the boot.
func TestRollback(t *testing.T) {
	eachRelease(t, func(t *testing.T, release string) {
		g := build(t, release)
		before := g.listing("/etc")
		g.inside(0, "convert")
		if len(differing(before, g.listing("/etc"))) == 0 {
			t.Error("convert changed nothing")
		}
		g.inside(0, "rollback", "0")
		if diff := cmp.Diff(before, g.listing("/etc")); diff != "" {
			t.Errorf("/etc before (-) and after (+):\n%s", diff)
		}
		g.outside(0, "status")
	})
}

// TestUpgrade converts a guest, upgrades it as apt does, reapplies, and makes it
// a machine again. Beside it goes a guest that only gets the same upgrades.
func TestUpgrade(t *testing.T) {
	eachRelease(t, func(t *testing.T, release string) {
		t.Parallel()
		g, plain := build(t, release), build(t, release)
		reinstall := []string{"--reinstall", "udev", "initscripts", "kmod"}
		g.asPredicted("installed")
		g.inside(0, "convert")
		g.asPredicted("converted")
		converted := g.files("/etc/init.d/.depend.*")

		g.upgrade(reinstall...)
		g.asPredicted("upgraded")
		status := decode[statusJSON](t, g.inside(3, "status", "--json=short"))
		owners := map[string]string{}
		for _, d := range status.Drift {
			owners[d.Script] = d.Package
			if d.Kind != "re_enabled" || !strings.HasPrefix(d.Path, "/etc/rc") {
				t.Errorf("drift: %+v", d)
			}
		}
		for _, script := range []string{"udev", "kmod", "checkroot.sh", "checkfs.sh", "umountroot"} {
			want, _, _ := strings.Cut(guesttest.Run(t, g.root, "dpkg", "-S", "/etc/init.d/"+script), ":")
			if owners[script] != want {
				t.Errorf("%s, which is back, is said to belong to %q, want %q", script, owners[script], want)
			}
		}
		shown := g.inside(3, "status").stdout
		for script, owner := range owners {
			if !slices.ContainsFunc(strings.Split(shown, "\n"), func(line string) bool {
				return strings.HasPrefix(line, script+" ") && strings.Contains(line, " "+owner+" ")
			}) {
				t.Errorf("status does not say that %s of %s is back:\n%s", script, owner, shown)
			}
		}
		t.Logf("back after the upgrade: %v", owners)

		g.inside(3, "reapply", "--check")
		again := decode[resultJSON](t, g.inside(0, "reapply", "--json=short"))
		if again.Transaction != 2 || len(again.Scripts) != len(owners) {
			t.Errorf("transaction %d disables %v again", again.Transaction, again.Scripts)
		}
		g.inside(0, "status")
		g.asPredicted("reapplied")
		if diff := cmp.Diff(converted, g.files("/etc/init.d/.depend.*")); diff != "" {
			t.Errorf("what startpar reads after convert (-) and after reapply (+):\n%s", diff)
		}

		g.upgrade("apache2")
		g.asPredicted("with apache2")
		diff := g.inside(3, "diff", "--order")
		lines := strings.Split(strings.TrimSpace(diff.stdout), "\n")
		if last := lines[len(lines)-1]; last != "0 reordered, 3 only renumbered" {
			t.Errorf("apache2 did this to the order:\n%s", diff.stdout)
		}
		for _, script := range []string{"cron", "rc.local", "ssh"} {
			if !slices.ContainsFunc(lines, func(line string) bool {
				return strings.Contains(line, " "+script+" ") && strings.HasSuffix(line, "renumbered")
			}) {
				t.Errorf("%s is not renumbered:\n%s", script, diff.stdout)
			}
		}
		g.inside(0, "status")
		(&series{}).boot(t, g)

		back := g.inside(0, "rollback", "0")
		if !strings.Contains(back.stderr, "the decisions are restored") {
			t.Errorf("rollback does not say what it restored: %s", back.stderr)
		}
		g.asPredicted("rolled back")
		plain.upgrade(reinstall...)
		plain.upgrade("apache2")
		if diff := cmp.Diff(plain.links(), g.links()); diff != "" {
			t.Errorf("links of a guest that was never converted (-) and of one that was rolled back (+):\n%s", diff)
		}
		if diff := cmp.Diff(plain.order(), g.order()); diff != "" {
			t.Errorf("what startpar waits for in a guest that was never converted (-) and in one that was rolled back (+):\n%s", diff)
		}
		if diff := cmp.Diff(plain.files("/etc/insserv/overrides/*"), g.files("/etc/insserv/overrides/*")); diff != "" {
			t.Errorf("overrides of a guest that was never converted (-) and of one that was rolled back (+):\n%s", diff)
		}
		was, is := &series{}, &series{}
		for range 2 {
			was.boot(t, plain)
			is.boot(t, g)
		}
		if line := added(was.seen(), is.reports[0].Failures) + added(is.seen(), was.reports[0].Failures); line != "" {
			t.Errorf("only one of them prints %q in its boot:\n%q\n%q", line, was.seen(), is.seen())
		}
	})
}
