package state_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/state"
	"github.com/bootledger/bootledger/state/statetest"
)

var update = flag.Bool("update", false, "write testdata anew")

// TestFormat1 reads a ledger that a build of format 1 wrote, and goes on in it.
// Never update it for a change of the code: such a change needs a new version.
func TestFormat1(t *testing.T) {
	ledger, golden := filepath.Join("testdata", "v1.db"), filepath.Join("testdata", "v1.json")
	if *update {
		writeFormat(t, ledger, golden)
	}
	b, err := os.ReadFile(ledger)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	dir := image(b).dir(t)
	if diff := cmp.Diff(string(want), see(t, b)); diff != "" {
		t.Errorf("read differs (-want +got):\n%s", diff)
	}
	l := open(t, dir, state.Options{})
	pending, err := l.Pending()
	if err != nil || pending == nil {
		t.Fatalf("pending %v, %v", pending, err)
	}
	pending.Outcome = state.Interrupted
	if _, err := l.Commit(*pending, state.Manifest{}, nil); err != nil {
		t.Fatal(err)
	}
	run(t, l, 9)
	if problems, err := l.Verify(); len(problems) > 0 || err != nil {
		t.Errorf("after going on: %v, %v", problems, err)
	}
}

// writeFormat writes a ledger with a transaction of each outcome, a decision taken
// back, and work under way.
func writeFormat(t *testing.T, ledger, golden string) {
	l := statetest.New(t)
	run(t, l.Ledger, 1)
	run(t, l.Ledger, 2)

	tr, before, _, blobs := sample(3)
	begun, err := l.Begin(tr, before, blobs)
	if err != nil {
		t.Fatal(err)
	}
	begun.Outcome, begun.Error = state.Interrupted, "no space left on device"
	if _, err := l.Commit(begun, before, nil); err != nil {
		t.Fatal(err)
	}

	intents, err := l.Intents()
	if err != nil {
		t.Fatal(err)
	}
	begun, err = l.Begin(state.Transaction{
		Kind:      state.Undo,
		Scripts:   []string{"script1"},
		Decisions: []state.Decision{{Script: "script1", Before: &intents[0]}},
		TakesBack: []uint64{1},
		Packages:  []state.Package{{Name: "udev", Before: "252.1", After: "252.2"}},
		Warnings:  []string{"the order was computed anew"},
	}, before, nil)
	if err != nil {
		t.Fatal(err)
	}
	begun.Outcome = state.Committed
	if _, err := l.Commit(begun, before, nil); err != nil {
		t.Fatal(err)
	}
	tr, before, _, blobs = sample(4)
	if _, err := l.Begin(tr, before, blobs); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(string(l.Dir), statetest.Name))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(ledger), 0o755); err != nil {
		t.Fatal(err)
	}
	for file, content := range map[string][]byte{ledger: b, golden: []byte(see(t, b))} {
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
