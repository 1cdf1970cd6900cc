package integration_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/integration/guesttest"
)

// TestConvert converts two copies of a guest, one from inside by the guest's own
// means and one from the host.
func TestConvert(t *testing.T) {
	eachRelease(t, func(t *testing.T, release string) {
		g, other := build(t, release), build(t, release)
		before, order := g.listing("/etc"), g.order()

		done := decode[resultJSON](t, g.inside(0, "convert", "--json=short"))
		if done.Transaction != 1 || done.Kind != "convert" {
			t.Errorf("got transaction %d, %s", done.Transaction, done.Kind)
		}
		for _, op := range done.Operations {
			if op.Op == "insserv" && (op.Engine != "insserv" || *op.ExitCode != 0) {
				t.Errorf("the guest's own insserv did not do it: %+v", op)
			}
		}
		if len(done.Warnings) > 0 {
			t.Errorf("warnings: %q", done.Warnings)
		}
		if log := decode[[]any](t, g.inside(0, "log", "--json=short")); len(log) != 1 {
			t.Errorf("the ledger has %d transactions", len(log))
		}
		for _, path := range differing(before, g.listing("/etc")) {
			switch dir, base := cut(path); {
			case strings.HasPrefix(dir, "/etc/rc"), dir == "/etc/insserv/overrides", path == "/etc/inittab":
			case dir == "/etc/init.d" && strings.HasPrefix(base, ".depend."):
			default:
				t.Errorf("changed: %s", path)
			}
		}

		scripts := decode[[]scriptJSON](t, g.inside(0, "scripts", "--json=short"))
		var disabled []string
		counts := map[string]int{}
		for _, s := range scripts {
			if s.Intent == 0 {
				continue
			}
			disabled = append(disabled, s.Name)
			counts[s.Verdict]++
			if s.Enabled || s.Intent != 1 || s.Reason == "" {
				t.Errorf("disabled: %+v", s)
			}
		}
		if diff := cmp.Diff(done.Scripts, disabled); diff != "" {
			t.Errorf("the transaction's scripts (-) and those it holds disabled (+):\n%s", diff)
		}
		for _, name := range []string{"udev", "kmod", "checkroot.sh", "umountroot", "hwclock.sh"} {
			if !slices.Contains(disabled, name) {
				t.Errorf("%s is not disabled", name)
			}
		}
		t.Logf("of %d scripts %d disabled: %v: %v", len(scripts), len(disabled), counts, disabled)

		for file, scripts := range g.order() {
			for script, now := range scripts {
				for other := range order[file][script] {
					if !now[other] && !slices.Contains(done.Scripts, other) {
						t.Errorf("%s: %s no longer waits for %s", file, script, other)
					}
				}
			}
		}

		other.outside(0, "convert")
		if diff := cmp.Diff(g.links(), other.links()); diff != "" {
			t.Errorf("links, from inside (-) and from the host (+):\n%s", diff)
		}
		for _, pattern := range []string{"/etc/init.d/.depend.*", "/etc/insserv/overrides/*"} {
			if diff := cmp.Diff(g.files(pattern), other.files(pattern)); diff != "" {
				t.Errorf("%s, from inside (-) and from the host (+):\n%s", pattern, diff)
			}
		}
	})
}

func cut(path string) (dir, base string) {
	i := strings.LastIndexByte(path, '/')
	return path[:i], path[i+1:]
}

// TestInsservAccepts has insserv and update-rc.d, without -f, accept a converted
// guest, the packages that it has, and one that comes new.
func TestInsservAccepts(t *testing.T) {
	const theirs = "/etc/insserv/overrides/cron"
	eachRelease(t, func(t *testing.T, release string) {
		g := build(t, release)
		header := func(name, requires string) []byte {
			return []byte("#!/bin/sh\n### BEGIN INIT INFO\n# Provides: " + name + "\n# Required-Start: " + requires + "\n# Required-Stop: " + requires +
				"\n# Default-Start: 2 3 4 5\n# Default-Stop: 0 1 6\n### END INIT INFO\n")
		}
		must(t, os.MkdirAll(filepath.Dir(g.root+theirs), 0o755))
		must(t, os.WriteFile(g.root+theirs, header("cron", "$remote_fs"), 0o644))
		before := g.files("/etc/insserv/overrides/*")

		g.inside(0, "convert", "--method=override")
		must(t, os.WriteFile(g.root+"/etc/init.d/newcomer", header("newcomer", "$local_fs"), 0o755))
		for _, call := range [][]string{{"insserv"}, {"insserv", "cron"}, {"insserv", "newcomer"}, {"update-rc.d", "ssh", "defaults"}} {
			said := guesttest.Run(t, g.root, call...)
			if strings.Contains(said, "exiting") || strings.Contains(said, "refus") {
				t.Errorf("%s: %s", strings.Join(call, " "), said)
			}
		}
		if links := g.links(); !slices.ContainsFunc(links, func(link string) bool { return strings.HasSuffix(link, "newcomer") }) {
			t.Errorf("newcomer has no links: %q", links)
		}
		g.inside(0, "status")

		g.inside(0, "undo", "1", "--assume-yes")
		if diff := cmp.Diff(before, g.files("/etc/insserv/overrides/*")); diff != "" {
			t.Errorf("overrides before convert (-) and after undo (+):\n%s", diff)
		}
	})
}
