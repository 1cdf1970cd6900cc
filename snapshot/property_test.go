package snapshot

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

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/bootledger/bootledger/boot/profile"
	"github.com/bootledger/bootledger/boot/rootfs/rootfstest"
	"github.com/bootledger/bootledger/state"
)

// world is a guest, and what it looked like after each transaction.
type world struct {
	*guest
	test     *testing.T
	version  string
	daemons  []string
	ran      map[string]bool // before the first transaction
	listings []map[string]string
	intended []map[string]*state.Intent
	foreign  bool // somebody else changes the guest, too
}

// drawDaemons draws scripts. Most of what a header names comes earlier, so that
// loops are rare.
func drawDaemons(t *rapid.T, version string) []daemon {
	n := rapid.IntRange(5, 12).Draw(t, "scripts")
	var daemons []daemon
	for i := range n {
		name := fmt.Sprintf("s%d", i)
		others := rapid.SliceOfNDistinct(rapid.IntRange(0, n-1), 0, 3, rapid.ID).Draw(t, name+" needs")
		var lines []string
		for _, other := range others {
			key := rapid.SampledFrom([]string{"Required-Start", "Required-Stop", "Should-Start", "Should-Stop", "X-Start-Before", "X-Stop-After"}).Draw(t, "key")
			forward := strings.HasPrefix(key, "X-")
			if (other < i) != forward && other != i {
				lines = append(lines, fmt.Sprintf("%s: s%d", key, other))
			}
		}
		start := rapid.SampledFrom([]string{"S", "2 3 4 5", "2 3 4 5", "2", ""}).Draw(t, "start")
		stop := rapid.SampledFrom([]string{"", "0 1 6", "0 6"}).Draw(t, "stop")
		lines = append(lines, "Default-Start: "+start, "Default-Stop: "+stop)
		d := daemon{
			name: name, header: header(name, lines...),
			mode: rapid.SampledFrom([]string{"0755", "0755", "0700", "0644"}).Draw(t, "mode"),
			off:  rapid.IntRange(0, 4).Draw(t, "off") == 0,
		}
		if version == lenny && !d.off {
			d.links = drawLinks(t, name, start, stop)
		}
		daemons = append(daemons, d)
	}
	return daemons
}

func drawLinks(t *rapid.T, name, start, stop string) []string {
	var links []string
	for action, levels := range map[string]string{"S": start, "K": stop} {
		for _, level := range strings.Fields(levels) {
			links = append(links, fmt.Sprintf("%s/%s%02d%s", level, action, rapid.IntRange(0, 99).Draw(t, "sequence"), name))
		}
	}
	return links
}

func newWorld(test *testing.T, t *rapid.T) *world {
	dir := test.TempDir()
	version := rapid.SampledFrom([]string{lenny, squeeze, wheezy}).Draw(t, "version")
	daemons := drawDaemons(t, version)
	w := &world{guest: newGuest(test, dir, version, daemons), test: test, version: version, ran: map[string]bool{}}
	w.profile.Name = "small"
	for _, d := range daemons {
		w.daemons = append(w.daemons, d.name)
		if verdict := rapid.SampledFrom([]profile.Verdict{"", "", profile.Keep, profile.Required, profile.Advised}).Draw(t, d.name); verdict != "" {
			w.profile.Rules = append(w.profile.Rules, profile.Rule{Name: d.name, Verdict: verdict, Reason: "drawn"})
		}
	}
	w.look(t, func(s *Session) error {
		for _, name := range w.daemons {
			w.ran[name] = s.runs(name)
		}
		return nil
	})
	w.remember(t)
	return w
}

// look makes a call that changes nothing.
func (w *world) look(t *rapid.T, do func(*Session) error) {
	t.Helper()
	if err := w.call(t, do, trying); err != nil {
		t.Fatal(err)
	}
}

func (w *world) remember(t *rapid.T) {
	w.listings = append(w.listings, w.listing(w.test))
	w.intended = append(w.intended, w.intents(t))
}

// do makes a call as a dry run and then in earnest, and compares the two. It
// gives nil if the call changed nothing, and remembers the guest otherwise.
func (w *world) do(t *rapid.T, verb func(*Session, Changing) (*Result, error)) *Result {
	t.Helper()
	before := rootfstest.Snapshot(w.test, w.dir)
	var dry, result *Result
	refusal := w.call(t, func(s *Session) (err error) {
		dry, err = verb(s, Changing{DryRun: true})
		return err
	}, trying)
	if diff := cmp.Diff(before, rootfstest.Snapshot(w.test, w.dir)); diff != "" {
		t.Fatalf("dry run changed the guest (-before +after):\n%s", diff)
	}
	listing := w.listing(w.test)
	err := w.call(t, func(s *Session) (err error) {
		result, err = verb(s, Changing{})
		return err
	})
	if fmt.Sprint(err) != fmt.Sprint(refusal) {
		t.Fatalf("dry run gave error %v, the real one %v", refusal, err)
	}
	if err != nil {
		var known *Error
		if !errors.As(err, &known) || known.Kind != Refused && !(w.foreign && (known.Kind == Conflict || known.Kind == UnknownScript)) {
			t.Fatal(err)
		}
	}
	if err != nil || result.Transaction == 0 {
		if diff := cmp.Diff(listing, w.listing(w.test)); diff != "" {
			t.Fatalf("no transaction (error %v), but changes (-before +after):\n%s", err, diff)
		}
		return nil
	}
	if diff := cmp.Diff(dry.Changes, result.Changes); diff != "" {
		t.Fatalf("changes (-dry run +real):\n%s", diff)
	}
	w.remember(t)
	t.Logf("transaction %d: %s, takes back %v, makes again %v, %s", result.Transaction, result.Kind, result.TakesBack, result.MakesAgain, decided(result))
	if result.Transaction != uint64(len(w.listings)-1) {
		t.Fatalf("got transaction %d, want %d", result.Transaction, len(w.listings)-1)
	}
	return result
}

// decided tells of each decision which transaction's intent it left, 0 for none.
func decided(r *Result) string {
	var text strings.Builder
	for _, d := range r.Decisions {
		fmt.Fprintf(&text, "%s: %d to %d, ", d.Script, decidedBy(d.Before), decidedBy(d.After))
	}
	return text.String() + fmt.Sprintf("%d changes, disabled %v, enabled %v", len(r.Changes), r.Disabled, r.Enabled)
}

func decidedBy(intent *state.Intent) int {
	switch {
	case intent == nil:
		return 0
	case intent.Transaction == 0:
		return -1 // this one
	default:
		return int(intent.Transaction)
	}
}

// named draws some scripts.
func (w *world) named(t *rapid.T) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(w.daemons), 1, 3, rapid.ID).Draw(t, "named")
}

// inState lists the transactions in a state, oldest first.
func (w *world) inState(t *rapid.T, wanted string) (list []Logged) {
	w.look(t, func(s *Session) error {
		log, err := s.Log(LogFilter{})
		for _, l := range slices.Backward(log) {
			if l.State == wanted {
				list = append(list, l)
			}
		}
		return err
	})
	return list
}

// decide does what users do: it takes scripts out of the boot and puts them
// back.
func (w *world) decide(t *rapid.T) *Result {
	names := w.named(t)
	switch rapid.IntRange(0, 3).Draw(t, "decision") {
	case 0:
		level := rapid.SampledFrom([]profile.Level{profile.LevelRequired, profile.LevelAdvised}).Draw(t, "level")
		return w.do(t, func(s *Session, c Changing) (*Result, error) {
			return s.Convert(t.Context(), ConvertOptions{Level: level}, c)
		})
	case 1:
		return w.do(t, func(s *Session, c Changing) (*Result, error) { return s.Enable(t.Context(), names, c) })
	default:
		return w.do(t, func(s *Session, c Changing) (*Result, error) { return s.Disable(t.Context(), names, c) })
	}
}

func (w *world) undo(t *rapid.T, id uint64) *Result {
	return w.do(t, func(s *Session, c Changing) (*Result, error) { return s.Undo(t.Context(), id, nil, c) })
}

// decideAndUndo checks that what a transaction changed comes back, times too,
// and that making it again changes the same.
func (w *world) decideAndUndo(t *rapid.T) {
	before, times := w.listing(w.test), w.times(w.test)
	done := w.decide(t)
	if done == nil || w.undo(t, done.Transaction) == nil {
		return
	}
	if diff := cmp.Diff(before, w.listing(w.test)); diff != "" {
		t.Fatalf("undo of %d (-before +after):\n%s", done.Transaction, diff)
	}
	if diff := cmp.Diff(times, w.times(w.test)); diff != "" {
		t.Fatalf("times after undo of %d (-before +after):\n%s", done.Transaction, diff)
	}
	if rapid.Bool().Draw(t, "redo") {
		w.redo(t, done.Transaction)
		if diff := cmp.Diff(w.listings[done.Transaction], w.listing(w.test)); diff != "" {
			t.Fatalf("redo of %d (-before +after):\n%s", done.Transaction, diff)
		}
		w.sameIntents(t, done.Transaction)
	}
}

func (w *world) redo(t *rapid.T, id uint64) *Result {
	return w.do(t, func(s *Session, c Changing) (*Result, error) { return s.Redo(t.Context(), id, c) })
}

// sameIntents checks that the intents are those that stood after a transaction.
func (w *world) sameIntents(t *rapid.T, id uint64) {
	t.Helper()
	if diff := cmp.Diff(w.intended[id], w.intended[len(w.intended)-1]); diff != "" {
		t.Fatalf("intents (-after %d +now):\n%s", id, diff)
	}
}

// undoAny takes back any transaction in force and checks that the intents about
// scripts that it did not decide about still stand.
func (w *world) undoAny(t *rapid.T) {
	list := w.inState(t, string(state.Committed))
	if len(list) == 0 {
		return
	}
	undone := rapid.SampledFrom(list).Draw(t, "undone")
	before := w.intents(t)
	if w.undo(t, undone.ID) == nil {
		return
	}
	after := maps.Clone(w.intended[len(w.intended)-1])
	for _, decision := range undone.Decisions {
		delete(before, decision.Script)
		delete(after, decision.Script)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Fatalf("undo of %d changed other intents (-before +after):\n%s", undone.ID, diff)
	}
}

func (w *world) redoAny(t *rapid.T) {
	if list := w.inState(t, undoneState); len(list) > 0 {
		w.redo(t, rapid.SampledFrom(list).Draw(t, "redone").ID)
	}
}

func (w *world) rollback(t *rapid.T) {
	to := uint64(rapid.IntRange(0, len(w.listings)-1).Draw(t, "to"))
	w.do(t, func(s *Session, c Changing) (*Result, error) { return s.Rollback(t.Context(), to, c) })
	if diff := cmp.Diff(w.listings[to], w.listing(w.test)); diff != "" && !w.foreign {
		t.Fatalf("rollback to %d (-then +now):\n%s", to, diff)
	}
	w.sameIntents(t, to)
}

// reapply checks that a second reapply has nothing to do, and that nothing
// drifts.
func (w *world) reapply(t *rapid.T) {
	again := func(s *Session, c Changing) (*Result, error) { return s.Reapply(t.Context(), true, c) }
	w.do(t, again)
	if result := w.do(t, again); result != nil {
		t.Fatalf("second reapply: %+v", result)
	}
}

// holds checks what is true at any time while nobody else changes the guest:
// what an intent names is off, and what was on and has none is on.
func (w *world) holds(t *rapid.T) {
	intents := w.intended[len(w.intended)-1]
	w.look(t, func(s *Session) error {
		status, err := s.Status()
		if err == nil && len(status.Drift) > 0 {
			t.Fatalf("drift: %+v", status.Drift)
		}
		for script, ran := range w.ran {
			if ran && intents[script] == nil && !s.runs(script) {
				t.Fatalf("%s is off, and nobody intended it", script)
			}
		}
		return err
	})
}

// TestAloneOnTheGuest makes random transactions while nobody else changes the
// guest.
func TestAloneOnTheGuest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, rt)
		rt.Repeat(map[string]func(*rapid.T){
			"":              w.holds,
			"decide":        func(t *rapid.T) { w.decide(t) },
			"decideAndUndo": w.decideAndUndo,
			"undoAny":       w.undoAny,
			"redoAny":       w.redoAny,
			"rollback":      w.rollback,
			"reapply":       w.reapply,
		})
		if len(w.listings) > 1 {
			w.sound(rt)
		}
	})
}

// upgrade does to the guest what packages do: it enables scripts again, under
// other numbers, brings new ones and takes some away.
func (w *world) upgrade(t *rapid.T) {
	name := rapid.SampledFrom(w.daemons).Draw(t, "package")
	links, err := filepath.Glob(w.dir + "/etc/rc?.d/[SK][0-9][0-9]" + name)
	if err != nil {
		t.Fatal(err)
	}
	kind := rapid.SampledFrom([]string{"enable", "new", "purge"}).Draw(t, "upgrade")
	if kind == "new" {
		name = fmt.Sprintf("new%d", len(w.daemons))
		w.daemons = append(w.daemons, name)
		w.profile.Rules = append(w.profile.Rules, profile.Rule{Name: name, Verdict: profile.Required, Reason: "came later"})
		rootfstest.Build(w.test, w.dir, fmt.Sprintf("file etc/init.d/%s 0755 %q", name, header(name, "Default-Start: 2")))
		links = nil
	}
	if _, err := os.Lstat(w.dir + "/etc/init.d/" + name); kind == "purge" || err != nil {
		for _, path := range append(links, w.dir+"/etc/init.d/"+name) {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
		}
		return
	}
	if len(links) > 0 {
		return // update-rc.d leaves a script alone that has links
	}
	if w.version != lenny {
		w.insserv(t, "-f", name)
		return
	}
	sequence := rapid.IntRange(0, 99).Draw(t, "sequence")
	rootfstest.Build(w.test, w.dir, fmt.Sprintf("link etc/rc2.d/S%02d%s ../init.d/%s", sequence, name, name))
}

// afterUpgrade reapplies the intents and checks that nothing drifts any more.
func (w *world) afterUpgrade(t *rapid.T) {
	w.upgrade(t)
	var refused bool
	again := func(s *Session, c Changing) (*Result, error) {
		result, err := s.Reapply(t.Context(), true, c)
		refused = refused || err != nil
		return result, err
	}
	w.do(t, again)
	if result := w.do(t, again); result != nil {
		t.Fatalf("second reapply: %+v", result)
	}
	if !refused {
		w.holds(t)
	}
}

// TestBesideUpgrades makes random transactions while packages come, change and
// go.
func TestBesideUpgrades(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, rt)
		w.foreign, w.ran = true, nil
		rt.Repeat(map[string]func(*rapid.T){
			"decide":        func(t *rapid.T) { w.decide(t) },
			"decideAndUndo": w.decideAndUndo,
			"undoAny":       w.undoAny,
			"redoAny":       w.redoAny,
			"rollback":      w.rollback,
			"upgrade":       w.upgrade,
			"afterUpgrade":  w.afterUpgrade,
		})
		if len(w.listings) > 1 {
			w.sound(rt)
		}
	})
}
