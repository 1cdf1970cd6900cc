package state_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/bootledger/bootledger/state"
	"github.com/bootledger/bootledger/state/statetest"
)

// model is what a ledger should hold.
type model struct {
	transactions []state.Transaction
	pending      *state.Transaction
	intents      map[string]state.Intent
}

func (m *model) commit(t state.Transaction) {
	m.transactions, m.pending = append(m.transactions, t), nil
	if t.Outcome != state.Committed {
		return
	}
	for _, d := range t.Decisions {
		delete(m.intents, d.Script)
		if d.After != nil {
			m.intents[d.Script] = *d.After
		}
	}
}

func (m *model) byScript(script string) []uint64 {
	var ids []uint64
	for _, t := range m.transactions {
		if slices.Contains(t.Scripts, script) {
			ids = append(ids, t.ID)
		}
	}
	return ids
}

var scripts = []string{"udev", "udev-mtab", "ude", "é"}

// drawTransaction returns a transaction that decides on some scripts.
func drawTransaction(t *rapid.T) (tr state.Transaction, blobs map[string][]byte) {
	blobs = map[string][]byte{}
	tr.Kind, tr.Comment = state.Disable, rapid.String().Draw(t, "comment")
	for _, script := range rapid.SliceOfDistinct(rapid.SampledFrom(scripts), rapid.ID[string]).Draw(t, "scripts") {
		content := rapid.String().Draw(t, "content")
		blobs[sum(content)] = []byte(content)
		tr.Scripts = append(tr.Scripts, script)
		tr.Changes = append(tr.Changes, state.Change{
			Path:   "/etc/insserv/overrides/" + script,
			Before: &state.Entry{Type: "file", SHA256: sum(content)},
		})
		d := state.Decision{Script: script}
		if rapid.Bool().Draw(t, "disable") {
			d.After = &state.Intent{Script: script, Method: "links"}
		}
		tr.Decisions = append(tr.Decisions, d)
	}
	return tr, blobs
}

// drawManifest returns one of few, so that parts are shared.
func drawManifest(t *rapid.T) state.Manifest {
	m := state.Manifest{Entries: map[string]state.Entry{}, Packages: map[string]string{}}
	for range rapid.IntRange(0, 3).Draw(t, "entries") {
		name := fmt.Sprintf("/etc/rc%d.d/%s", rapid.IntRange(0, 2).Draw(t, "dir"), rapid.SampledFrom(scripts).Draw(t, "script"))
		m.Entries[name] = state.Entry{Type: "symlink", Target: rapid.SampledFrom(scripts).Draw(t, "target")}
	}
	return m
}

func TestModel(t *testing.T) {
	tmp := tempDir(t)
	rapid.Check(t, func(t *rapid.T) {
		file := filepath.Join(tmp, statetest.Name)
		if err := os.RemoveAll(file); err != nil {
			t.Fatal(err)
		}
		var l *state.Ledger
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		reopen := func() {
			if l != nil {
				must(l.Close())
			}
			var err error
			l, err = state.Open(statetest.Dir(tmp), statetest.Name, state.Options{})
			must(err)
		}
		reopen()
		defer func() { l.Close() }()
		m := model{intents: map[string]state.Intent{}}
		manifests := map[string]state.Manifest{}

		t.Repeat(map[string]func(*rapid.T){
			"begin": func(t *rapid.T) {
				tr, blobs := drawTransaction(t)
				before := drawManifest(t)
				begun, err := l.Begin(tr, before, blobs)
				if (err != nil) != (m.pending != nil) {
					t.Fatalf("began with %v pending: %v", m.pending, err)
				}
				if err == nil {
					m.pending, manifests[begun.Before] = &begun, before
				}
			},
			"commit": func(t *rapid.T) {
				if m.pending == nil {
					t.Skip("nothing is pending")
				}
				tr := *m.pending
				tr.Outcome = rapid.SampledFrom([]state.Outcome{state.Committed, state.Interrupted}).Draw(t, "outcome")
				after := drawManifest(t)
				done, err := l.Commit(tr, after, nil)
				must(err)
				m.commit(done)
				manifests[done.After] = after
			},
			"reopen": func(t *rapid.T) {
				reopen()
				for sum, want := range manifests {
					got, err := l.Manifest(sum)
					must(err)
					if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
						t.Fatalf("manifest (-want +got):\n%s", diff)
					}
				}
				problems, err := l.Verify()
				must(err)
				if len(problems) > 0 {
					t.Fatalf("problems: %v", problems)
				}
			},
			"": func(t *rapid.T) {
				all, err := l.Transactions()
				must(err)
				if diff := cmp.Diff(m.transactions, all); diff != "" {
					t.Fatalf("transactions (-want +got):\n%s", diff)
				}
				pending, err := l.Pending()
				must(err)
				if diff := cmp.Diff(m.pending, pending); diff != "" {
					t.Fatalf("pending (-want +got):\n%s", diff)
				}
				want := slices.SortedFunc(maps.Values(m.intents), func(a, b state.Intent) int { return strings.Compare(a.Script, b.Script) })
				intents, err := l.Intents()
				must(err)
				if diff := cmp.Diff(want, intents); diff != "" {
					t.Fatalf("intents (-want +got):\n%s", diff)
				}
				for _, script := range scripts {
					ids, err := l.ByScript(script)
					must(err)
					if diff := cmp.Diff(m.byScript(script), ids); diff != "" {
						t.Fatalf("transactions of %s (-want +got):\n%s", script, diff)
					}
				}
				for i, tr := range all {
					if tr.ID != uint64(i)+1 {
						t.Fatalf("transaction %d at %d", tr.ID, i)
					}
				}
			},
		})
	})
}
