package snapshot

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/boot/rootfs/rootfstest"
	"github.com/bootledger/bootledger/state"
)

// smallGuests have a script "mid" that others wait for, by boot scheme.
var smallGuests = map[string]string{"links": lenny, "override": squeeze, "insserv": wheezy}

func smallGuest(t *testing.T, version string) *guest {
	t.Helper()
	daemons := []daemon{
		{name: "first", mode: "0755", header: header("first", "Default-Start: S"), links: []string{"S/S10first"}},
		{name: "mid", mode: "0755", header: header("mid", "Required-Start: first", "Required-Stop: first", "Default-Start: 2 3", "Default-Stop: 0 6"), links: []string{"2/S20mid", "3/S21mid", "0/K80mid", "6/K81mid"}},
		{name: "last", mode: "0700", header: header("last", "Required-Start: mid", "Required-Stop: mid", "Default-Start: 2 3", "Default-Stop: 0 6"), links: []string{"2/S30last", "0/K10last"}},
		{name: "other", mode: "0755", header: header("other", "Default-Start: 2"), links: []string{"2/S05other"}},
	}
	if version == lenny {
		return newGuest(t, t.TempDir(), version, daemons)
	}
	for i := range daemons {
		daemons[i].links = nil
	}
	return newGuest(t, t.TempDir(), version, daemons)
}

// interrupt begins to disable mid, makes the first steps and ends as a crash
// would. It gives all changes that were planned.
func (g *guest) interrupt(t *testing.T, steps int) []state.Change {
	t.Helper()
	var changes []state.Change
	must(t, g.call(t, func(s *Session) error {
		d := s.newDraft(state.Disable)
		if err := s.disableByIntent(t.Context(), d, s.configuration.Method(), false, []intention{{"mid", "drawn"}}, map[string]*state.Intent{}); err != nil {
			return err
		}
		changes = difference(d.before, d.after)
		contents := blobs(d.before)
		maps.Copy(contents, blobs(d.after))
		if _, err := s.ledger.Begin(state.Transaction{
			Time: g.now, Kind: d.kind, Scripts: d.scripts, Operations: d.operations, Changes: changes, Decisions: d.decisions,
		}, manifest(d.before, s.packages), contents); err != nil {
			return err
		}
		_, err := s.change(changes[:min(steps, len(changes))], contents)
		return err
	}))
	return changes
}

// recovered opens the guest anew and gives what that took back.
func (g *guest) recovered(t *testing.T) Logged {
	t.Helper()
	var log []Logged
	must(t, g.call(t, func(s *Session) (err error) {
		if s.Recovered() == nil {
			t.Error("nothing was recovered")
		}
		log, err = s.Log(LogFilter{})
		return err
	}))
	if len(log) != 1 {
		t.Fatalf("got %d transactions, want 1", len(log))
	}
	return log[0]
}

// TestRecoverAfterEachStep ends a transaction after each of its changes.
func TestRecoverAfterEachStep(t *testing.T) {
	for method, version := range smallGuests {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			for steps, planned := 0, 1; steps <= planned; steps++ {
				g := smallGuest(t, version)
				before, times := g.listing(t), g.times(t)
				planned = len(g.interrupt(t, steps))
				if diff := cmp.Diff(before, g.listing(t)); (diff == "") != (steps == 0) {
					t.Fatalf("%d steps made these changes:\n%s", steps, diff)
				}
				for _, what := range []func(*Options){trying, func(o *Options) { o.Looking = true }} {
					unchanged := rootfstest.Snapshot(t, g.dir)
					err := g.call(t, func(s *Session) error {
						status, err := s.Status()
						if err == nil && status.Interrupted != 1 {
							t.Errorf("status says %d was interrupted, want 1", status.Interrupted)
						}
						return err
					}, what)
					if err != nil && Explain(err).Kind != Unfinished {
						t.Error(err)
					}
					if diff := cmp.Diff(unchanged, rootfstest.Snapshot(t, g.dir)); diff != "" {
						t.Fatalf("a call that only looks (-before +after):\n%s", diff)
					}
				}

				taken := g.recovered(t)
				if taken.State != string(state.Interrupted) || len(taken.Warnings) > 0 {
					t.Errorf("after %d steps: state %s, warnings %q", steps, taken.State, taken.Warnings)
				}
				if diff := cmp.Diff(before, g.listing(t)); diff != "" {
					t.Errorf("after %d steps (-before +recovered):\n%s", steps, diff)
				}
				if diff := cmp.Diff(times, g.times(t)); diff != "" {
					t.Errorf("times after %d steps (-before +recovered):\n%s", steps, diff)
				}
				if intents := g.intents(t); len(intents) > 0 {
					t.Errorf("intents after %d steps: %v", steps, intents)
				}
				g.sound(t)
			}
		})
	}
}

// TestRecoverIsRepeated finds a guest in which a recovery ended half-way.
func TestRecoverIsRepeated(t *testing.T) {
	for method, version := range smallGuests {
		t.Run(method, func(t *testing.T) {
			g := smallGuest(t, version)
			before := g.listing(t)
			changes := g.interrupt(t, len(smallGuests)*100)
			root, err := rootfs.Open(g.dir)
			must(t, err)
			defer root.Close()
			s := &Session{root: root}
			for i, change := range slices.Backward(changes) {
				if i%2 == 0 && change.Before == nil && change.After.Type != string(rootfs.Dir) { // taken back before the crash
					must(t, s.replace(change.Path, change.After, nil, nil))
				}
			}
			g.recovered(t)
			if diff := cmp.Diff(before, g.listing(t)); diff != "" {
				t.Errorf("(-before +recovered):\n%s", diff)
			}
		})
	}
}

// TestLeftovers finds temporary names after a crash.
func TestLeftovers(t *testing.T) {
	const dir, name = "etc/rc2.d", ".bootledger-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for _, test := range []struct {
		line  string
		stays bool
	}{
		{"file %s 0000 half", false},
		{"link %s ../init.d/mid", false},
		{"dir %s", false},
		{"file %s 0644 somebody else's", true},
		{"link %s ../init.d/elsewhere", true},
	} {
		t.Run(test.line, func(t *testing.T) {
			g := smallGuest(t, lenny)
			g.interrupt(t, 3)
			rootfstest.Build(t, g.dir, fmt.Sprintf(test.line, dir+"/"+name))
			taken := g.recovered(t)
			_, err := os.Lstat(filepath.Join(g.dir, dir, name))
			if stays := err == nil; stays != test.stays {
				t.Errorf("stays: got %t, want %t", stays, test.stays)
			}
			if named := strings.Contains(strings.Join(taken.Warnings, "\n"), "/"+dir+"/"+name); named != test.stays {
				t.Errorf("warnings: %q", taken.Warnings)
			}
		})
	}
}

// TestRecoverLeavesOthersAlone has somebody else change the guest between the
// crash and the recovery.
func TestRecoverLeavesOthersAlone(t *testing.T) {
	const all = 1000
	for _, test := range []struct {
		name, line string
		gone       string // a path to remove first
		named      string // in a warning
	}{
		{"a file in a directory of ours", "file etc-before-lxc/rc2.d/notes 0644 theirs", "", "/etc-before-lxc/rc2.d"},
		{"a link of theirs in the old place", "link etc/rc2.d/S20mid /elsewhere", "", "/etc/rc2.d/S20mid"},
		{"a file in the old place", "file etc/rc2.d/S20mid 0755 theirs", "", "/etc/rc2.d/S20mid"},
		{"the parked link is another", "link etc-before-lxc/rc2.d/S20mid /elsewhere", "etc-before-lxc/rc2.d/S20mid", "/etc-before-lxc/rc2.d/S20mid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := smallGuest(t, lenny)
			before := g.listing(t)
			g.interrupt(t, all)
			if test.gone != "" {
				must(t, os.Remove(filepath.Join(g.dir, test.gone)))
			}
			rootfstest.Build(t, g.dir, test.line)
			theirs := "/" + strings.Fields(test.line)[1]
			want := g.listing(t)[theirs]
			taken := g.recovered(t)
			after := g.listing(t)
			if after[theirs] != want {
				t.Errorf("%s was %q and is %q", theirs, want, after[theirs])
			}
			if !strings.Contains(strings.Join(taken.Warnings, "\n"), test.named) {
				t.Errorf("warnings do not name %s: %q", test.named, taken.Warnings)
			}
			for path, line := range before {
				if path != theirs && after[path] != line {
					t.Errorf("%s was %q and is %q", path, line, after[path])
				}
			}
			g.sound(t)
		})
	}
}
