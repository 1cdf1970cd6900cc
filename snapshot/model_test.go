package snapshot_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/bootledger/bootledger/boot/profile"
	"github.com/bootledger/bootledger/snapshot"
	"github.com/bootledger/bootledger/state"
)

// TestMain makes rapid quick unless it is told otherwise.
func TestMain(m *testing.M) {
	flag.Parse()
	for name, value := range map[string]string{"rapid.checks": "12", "rapid.steps": "12"} {
		given := false
		flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
		if !given {
			if err := flag.Set(name, value); err != nil {
				panic(err)
			}
		}
	}
	os.Exit(m.Run())
}

// history is a guest with what is known of its past.
type history struct {
	guest
	states map[uint64]map[string]string // listings at the end of transactions; 0 is the beginning
	last   uint64
	alone  uint64 // nobody else changed anything since the end of this transaction
}

// names are those of scripts; what extra does, comes later.
var names = []string{"udev", "hwclock.sh", "checkroot.sh", "cron", "ssh", "a b"}

// drawScripts draws scripts whose requirements have no loops.
func drawScripts(t *rapid.T) []script {
	var scripts []script
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 2, 5, rapid.ID[string]).Draw(t, "scripts") {
		s := script{name: name}
		s.start = rapid.SampledFrom([]string{"S", "2 3 4 5", "2", "", "0 6"}).Draw(t, "start")
		s.stop = rapid.SampledFrom([]string{"", "0 6", "0 1 6", "3"}).Draw(t, "stop")
		for _, earlier := range scripts {
			if !strings.Contains(earlier.name, " ") && rapid.IntRange(0, 2).Draw(t, "requires") == 0 {
				s.requires += earlier.name + " "
			}
		}
		s.requires = strings.TrimSpace(s.requires)
		var links []string
		for i, levels := range []string{s.start, s.stop} {
			for _, level := range strings.Fields(levels) {
				links = append(links, fmt.Sprintf("rc%s.d/%c%02d%s", level, "SK"[i], rapid.IntRange(0, 99).Draw(t, "number"), name))
			}
		}
		if rapid.IntRange(0, 9).Draw(t, "linked") > 0 && !strings.Contains(name, " ") {
			s.links = strings.Join(links, " ")
		}
		scripts = append(scripts, s)
	}
	return scripts
}

// TestHistory does what comes to mind to random guests, by bootledger and behind
// its back, and checks what holds whatever was done before.
func TestHistory(t *testing.T) {
	for _, method := range []string{snapshot.Links, snapshot.Insserv} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				h := newHistory(tb{t, rt}, method)
				rt.Repeat(map[string]func(*rapid.T){
					"disable":         func(t *rapid.T) { h.call(t, "disable", disable(h.some(t)...)) },
					"enable":          func(t *rapid.T) { h.call(t, "enable", enable(h.some(t)...)) },
					"convert":         func(t *rapid.T) { h.call(t, "convert", convert(drawConversion(t))) },
					"undo":            func(t *rapid.T) { h.call(t, "undo", undo(h.any(t))) },
					"undoPart":        func(t *rapid.T) { h.call(t, "undo of a part", undo(h.any(t), h.some(t)...)) },
					"redo":            func(t *rapid.T) { h.call(t, "redo", redo(h.any(t))) },
					"rollback":        func(t *rapid.T) { h.call(t, "rollback", rollback(h.any(t))) },
					"reapply":         h.reapply,
					"rollbackExactly": h.rollbackExactly,
					"undoMiddle":      h.undoMiddle,
					"outside":         h.outside,
				})
			})
		})
	}
}

// tb is a rapid.T for helpers that ask for a testing.TB.
type tb struct {
	testing.TB
	t *rapid.T
}

func (t tb) Helper()                           {}
func (t tb) Cleanup(f func())                  { t.t.Cleanup(f) }
func (t tb) Error(args ...any)                 { t.t.Error(args...) }
func (t tb) Errorf(format string, args ...any) { t.t.Errorf(format, args...) }
func (t tb) Fatal(args ...any)                 { t.t.Fatal(args...) }
func (t tb) Fatalf(format string, args ...any) { t.t.Fatalf(format, args...) }

func newHistory(t tb, method string) *history {
	h := &history{guest: guest{t, inMemory(t)}}
	h.fill(method, drawScripts(t.t))
	for _, level := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"1", "4"}), rapid.ID[string]).Draw(t.t, "missing") {
		os.Remove(h.path("/etc/rc" + level + ".d")) // if it is empty
	}
	h.states = map[uint64]map[string]string{0: h.listing()}
	return h
}

func drawConversion(t *rapid.T) snapshot.ConvertOptions {
	return snapshot.ConvertOptions{
		Level:  rapid.SampledFrom([]profile.Level{profile.LevelRequired, profile.LevelAdvised}).Draw(t, "level"),
		Method: rapid.SampledFrom([]string{"", snapshot.Links}).Draw(t, "method"),
	}
}

func (h *history) some(t *rapid.T) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 3, rapid.ID[string]).Draw(t, "names")
}

func (h *history) any(t *rapid.T) uint64 { return rapid.Uint64Range(0, h.last).Draw(t, "transaction") }

// mtimes lists the times of modification of files and symlinks.
func (g guest) mtimes() map[string]string {
	times := map[string]string{}
	for path, line := range g.listing() {
		if !strings.HasPrefix(line, "dir") {
			info, err := os.Lstat(g.path(path))
			g.check(err)
			times[path] = info.ModTime().UTC().Truncate(1000).String()
		}
	}
	return times
}

// refusals are the ways in which a call may fail that finds the guest in order.
var refusals = []snapshot.Kind{snapshot.Usage, snapshot.UnknownScript, snapshot.NoTransaction, snapshot.Conflict, snapshot.Refused}

// call tries a call, makes it, and checks that it did what it said. Then it
// takes it back on a copy, and makes it again.
func (h *history) call(t *rapid.T, name string, v verb) (*snapshot.Result, bool) {
	everything, before, times := h.everything(), h.listing(), h.mtimes()
	tried, refused := h.do(v, snapshot.Changing{DryRun: true})
	if diff := cmp.Diff(everything, h.everything()); diff != "" {
		t.Fatalf("the dry run of %s changed something (-before +after)\n%s", name, diff)
	}
	result, err := h.do(v, snapshot.Changing{})
	h.verify()
	after := h.listing()
	if err != nil {
		if kind := kindOf(err); !slices.Contains(refusals, kind) || kindOf(refused) != kind {
			t.Fatalf("%s: got %s (%v), and in the dry run %v", name, kind, err, refused)
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Fatalf("%s failed with %v and changed something (-before +after)\n%s", name, err, diff)
		}
		return nil, false
	}
	if refused != nil {
		t.Fatalf("%s was refused in the dry run: %v", name, refused)
	}
	if diff := cmp.Diff(tried, result, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(snapshot.Result{}, "Transaction", "DryRun")); diff != "" {
		t.Fatalf("%s (-dry run +result)\n%s", name, diff)
	}
	var changed, want []string
	for path := range union(before, after) {
		if before[path] != after[path] {
			changed = append(changed, path)
		}
	}
	for _, change := range result.Changes {
		want = append(want, change.Path)
	}
	slices.Sort(changed)
	slices.Sort(want)
	if diff := cmp.Diff(want, changed, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s (-said +did)\n%s", name, diff)
	}
	if result.Transaction == 0 {
		return result, true
	}
	h.last = result.Transaction
	h.states[h.last] = after
	back := h.copy()
	back.must(undo(h.last))
	if diff := cmp.Diff(before, back.listing()); diff != "" {
		t.Fatalf("undo of %s (-before +undone)\n%s", name, diff)
	}
	if diff := cmp.Diff(times, back.mtimes()); diff != "" {
		t.Fatalf("undo of %s: times (-before +undone)\n%s", name, diff)
	}
	back.must(redo(h.last))
	if diff := cmp.Diff(after, back.listing()); diff != "" {
		t.Fatalf("redo of %s (-before +made again)\n%s", name, diff)
	}
	return result, true
}

func union(a, b map[string]string) map[string]string {
	u := maps.Clone(a)
	maps.Copy(u, b)
	return u
}

// reapply brings the guest in line with the ledger's intents: there is no drift
// afterwards and nothing left to do.
func (h *history) reapply(t *rapid.T) {
	result, ok := h.call(t, "reapply", reapply(rapid.Bool().Draw(t, "new")))
	if !ok {
		return
	}
	if !slices.ContainsFunc(result.Warnings, func(w string) bool { return strings.HasPrefix(w, "insserv left") }) {
		for _, drift := range h.status().Drift {
			if drift.Kind == snapshot.ReEnabled {
				t.Fatalf("after reapply %s is still %s by %s", drift.Script, drift.Kind, drift.Path)
			}
		}
	}
	if result, err := h.do(reapply(false), snapshot.Changing{}); err != nil || result.Transaction != 0 {
		t.Fatalf("the second reapply: %+v, %v", result, err)
	}
}

func (g guest) status() (status *snapshot.Status) {
	g.look(func(s *snapshot.Session) {
		var err error
		status, err = s.Status()
		g.check(err)
	})
	return status
}

// rollbackExactly goes back on a copy, to a point since which nobody else
// changed anything.
func (h *history) rollbackExactly(t *rapid.T) {
	if h.alone > h.last {
		return
	}
	to := rapid.Uint64Range(h.alone, h.last).Draw(t, "to")
	back := h.copy()
	back.must(rollback(to))
	if diff := cmp.Diff(h.states[to], back.listing()); diff != "" {
		t.Fatalf("rollback to %d of %d (-then +now)\n%s", to, h.last, diff)
	}
}

// undoMiddle takes back, on a copy, any transaction that disabled something:
// what others decided stands.
func (h *history) undoMiddle(t *rapid.T) {
	log := h.log()
	i := slices.IndexFunc(log, func(l snapshot.Logged) bool {
		return l.Kind == state.Disable && l.State == string(state.Committed) && len(l.Decisions) > 0
	})
	if i < 0 {
		return
	}
	decided := map[string]bool{}
	for _, decision := range log[i].Decisions {
		decided[decision.Script] = true
	}
	back := h.copy()
	standing := map[string]state.Intent{}
	for _, intent := range back.status().Intents {
		if !decided[intent.Script] {
			standing[intent.Script] = intent
		}
	}
	drifted := map[string]bool{}
	for _, drift := range back.status().Drift {
		drifted[drift.Script] = true
	}
	if _, err := back.do(undo(log[i].ID), snapshot.Changing{}); err != nil {
		if kind := kindOf(err); kind != snapshot.Conflict && kind != snapshot.Refused {
			t.Fatalf("undo of transaction %d: %v", log[i].ID, err)
		}
		return
	}
	for _, intent := range back.status().Intents {
		if !decided[intent.Script] {
			if diff := cmp.Diff(standing[intent.Script], intent); diff != "" {
				t.Fatalf("undo of transaction %d: intent of %s (-before +after)\n%s", log[i].ID, intent.Script, diff)
			}
			delete(standing, intent.Script)
		}
	}
	if len(standing) > 0 {
		t.Fatalf("undo of transaction %d dropped the intents %v", log[i].ID, standing)
	}
	for _, drift := range back.status().Drift {
		if !drifted[drift.Script] && !decided[drift.Script] {
			t.Fatalf("undo of transaction %d: drift %+v", log[i].ID, drift)
		}
	}
}

// outside changes the guest behind bootledger's back.
func (h *history) outside(t *rapid.T) {
	name := rapid.SampledFrom(append(names, "extra")).Draw(t, "name")
	level := rapid.SampledFrom([]string{"S", "0", "1", "2", "3", "4", "5", "6"}).Draw(t, "level")
	link := fmt.Sprintf("/etc/rc%s.d/%s%02d%s", level, rapid.SampledFrom([]string{"S", "K"}).Draw(t, "action"), rapid.IntRange(1, 99).Draw(t, "number"), name)
	_, scheme := os.Stat(h.path("/etc/init.d/.depend.boot"))
	insserv := scheme == nil
	var existing []string
	for path, line := range h.listing() {
		if strings.HasPrefix(path, "/etc/") && !strings.HasPrefix(line, "dir") && !strings.HasPrefix(path, "/etc/init.d/rc") {
			existing = append(existing, path)
		}
	}
	slices.Sort(existing)
	victim := rapid.SampledFrom(existing).Draw(t, "victim")
	do := map[string]func(){
		"link": func() {
			if os.MkdirAll(h.path(path.Dir(link)), 0o755) == nil {
				os.Symlink("../init.d/"+name, h.path(link))
			}
		},
		"park": func() {
			parked := strings.Replace(link, "/etc/", snapshot.ParkDir+"/", 1)
			if os.MkdirAll(h.path(path.Dir(parked)), 0o755) == nil {
				os.Symlink("../init.d/"+name, h.path(parked))
			}
		},
		"remove": func() {
			if path.Dir(victim) != "/etc/init.d" || rapid.Bool().Draw(t, "script") {
				h.check(os.Remove(h.path(victim)))
			}
		},
		"edit": func() {
			if target, err := os.Readlink(h.path(victim)); err == nil {
				h.check(os.Remove(h.path(victim)))
				h.check(os.Symlink(target+"x", h.path(victim)))
				return
			}
			f, err := os.OpenFile(h.path(victim), os.O_WRONLY|os.O_APPEND, 0)
			h.check(err)
			defer f.Close()
			fmt.Fprintln(f, "#")
		},
		"chmod": func() {
			if _, err := os.Readlink(h.path(victim)); err != nil {
				h.check(os.Chmod(h.path(victim), 0o744))
			}
		},
		"rename": func() { os.Rename(h.path(victim), h.path(link)) },
		"install": func() {
			s := script{name: name, start: "2", stop: "0"}
			h.check(os.WriteFile(h.path("/etc/init.d/"+name), []byte(s.text()), 0o755))
			if insserv {
				h.insserv(name)
			}
		},
		"insserv": func() {
			if _, err := os.Stat(h.path("/etc/init.d/" + name)); err == nil && insserv {
				h.insserv(name)
			}
		},
		"unpark": func() { os.RemoveAll(h.path(snapshot.ParkDir)) },
	}
	before := h.listing()
	what := rapid.SampledFrom(slices.Sorted(maps.Keys(do))).Draw(t, "what")
	do[what]()
	if !maps.Equal(before, h.listing()) {
		h.alone = h.last + 1
	}
}
