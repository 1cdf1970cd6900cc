package state_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/state"
	"github.com/bootledger/bootledger/state/statetest"
)

// open opens the ledger of dir and closes it when the test ends.
func open(t testing.TB, dir statetest.Dir, o state.Options) *state.Ledger {
	t.Helper()
	l, err := state.Open(dir, statetest.Name, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func sum(content string) string {
	s := sha256.Sum256([]byte(content))
	return hex.EncodeToString(s[:])
}

// sample returns the n-th of a row of transactions that move a link and rewrite a
// file, with the configurations around it and the contents it refers to.
func sample(n int) (t state.Transaction, before, after state.Manifest, blobs map[string][]byte) {
	script := fmt.Sprintf("script%d", n%7)
	link := fmt.Sprintf("/etc/rc2.d/S%02d%s", n%100, script)
	oldDepend := fmt.Sprintf("TARGETS = %s\n%d\n", strings.Repeat("udev ", 20), n)
	newDepend := fmt.Sprintf("TARGETS = %s\n%d\n", strings.Repeat("udev ", 20), n+1)
	mtime := time.Date(2026, 11, 23, 6, 0, 0, 123456789, time.FixedZone("CET", 3600))
	depend := func(content string) *state.Entry {
		return &state.Entry{Type: "file", Mode: "0644", MTime: mtime, SHA256: sum(content), Size: int64(len(content))}
	}
	symlink := state.Entry{Type: "symlink", Mode: "0777", MTime: mtime, Target: "../init.d/" + script}
	t = state.Transaction{
		Time:    time.Date(2026, 11, 23, 7, 0, n, 987654321, time.FixedZone("CET", 3600)),
		Kind:    state.Disable,
		Actor:   state.Actor{User: "root", Host: "guest", Argv: []string{"bootledger", "disable", script}},
		Comment: "no <hardware> & no modules",
		Labels:  map[string]string{"ticket": "42", "area": "boot"},
		Scheme:  "startpar",
		Scripts: []string{script},
		Operations: []state.Operation{
			{Op: "move_link", Script: script, Path: link, To: "/etc-before-lxc" + strings.TrimPrefix(link, "/etc")},
		},
		Changes: []state.Change{
			{Path: link, Before: &symlink},
			{Path: "/etc/init.d/.depend.start", Before: depend(oldDepend), After: depend(newDepend)},
		},
		Decisions: []state.Decision{{
			Script: script,
			After:  &state.Intent{Script: script, Method: "links", Reason: "loads modules", Links: []string{link}},
		}},
	}
	before = state.Manifest{Entries: map[string]state.Entry{}, Packages: map[string]string{"udev": "252.1"}}
	for i := range 10 {
		before.Entries[fmt.Sprintf("/etc/init.d/script%d", i)] = *depend("#!/bin/sh\n")
		before.Entries[fmt.Sprintf("/etc/rc3.d/S%02dscript%d", i, i)] = symlink
	}
	before.Entries["/etc/init.d/.depend.start"] = *depend(oldDepend)
	after = state.Manifest{Entries: map[string]state.Entry{}, Packages: before.Packages}
	for name, entry := range before.Entries {
		after.Entries[name] = entry
	}
	after.Entries["/etc/init.d/.depend.start"] = *depend(newDepend)
	before.Entries[link] = symlink
	return t, before, after, map[string][]byte{sum(oldDepend): []byte(oldDepend), sum(newDepend): []byte(newDepend)}
}

// run makes the n-th sample transaction in one go.
func run(t testing.TB, l *state.Ledger, n int) state.Transaction {
	t.Helper()
	tr, before, after, blobs := sample(n)
	tr, err := l.Begin(tr, before, blobs)
	if err != nil {
		t.Fatal(err)
	}
	tr.Outcome = state.Committed
	tr, err = l.Commit(tr, after, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestLifeOfTransaction(t *testing.T) {
	l := statetest.New(t)
	in, before, after, blobs := sample(1)
	begun, err := l.Begin(in, before, blobs)
	if err != nil {
		t.Fatal(err)
	}
	if begun.ID != 1 || begun.ParentHash != "" || len(begun.Nonce) != 32 || begun.Hash != "" {
		t.Errorf("begun as id %d, parent %q, nonce %q, hash %q", begun.ID, begun.ParentHash, begun.Nonce, begun.Hash)
	}
	if got, want := begun.Time, time.Date(2026, 11, 23, 6, 0, 1, 987654000, time.UTC); got != want {
		t.Errorf("time = %v, want %v", got, want)
	}
	if got := in.Decisions[0].After.Transaction; got != 0 {
		t.Errorf("Begin changed its argument: decision of transaction %d", got)
	}

	l.Reopen()
	pending, err := l.Pending()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&begun, pending); diff != "" {
		t.Errorf("pending differs (-want +got):\n%s", diff)
	}
	if _, err := l.Begin(in, before, nil); err == nil {
		t.Error("began twice")
	}
	if all, err := l.Transactions(); err != nil || len(all) != 0 {
		t.Errorf("transactions while pending = %v, %v", all, err)
	}

	begun.Outcome = state.Committed
	done, err := l.Commit(begun, after, nil)
	if err != nil {
		t.Fatal(err)
	}
	l.Reopen()
	if pending, err := l.Pending(); err != nil || pending != nil {
		t.Errorf("pending after commit = %v, %v", pending, err)
	}
	got, err := l.Transaction(1)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(done, got); diff != "" {
		t.Errorf("record differs (-want +got):\n%s", diff)
	}
	if id, hash, err := l.Head(); id != 1 || hash != done.Hash || err != nil {
		t.Errorf("head = %d, %s, %v", id, hash, err)
	}
	wantIntent := []state.Intent{{
		Script: "script1", Transaction: 1, Method: "links", Reason: "loads modules", Links: []string{"/etc/rc2.d/S01script1"},
	}}
	if intents, err := l.Intents(); err != nil || cmp.Diff(wantIntent, intents) != "" {
		t.Errorf("intents = %v, %v", intents, err)
	}
	if ids, err := l.ByScript("script1"); err != nil || cmp.Diff([]uint64{1}, ids) != "" {
		t.Errorf("by script = %v, %v", ids, err)
	}
	for sum, want := range blobs {
		if got, err := l.Blob(sum); err != nil || string(got) != string(want) {
			t.Errorf("blob %s = %q, %v", sum, got, err)
		}
	}
	for sum, want := range map[string]state.Manifest{got.Before: before, got.After: after} {
		m, err := l.Manifest(sum)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, m, cmp.Comparer(time.Time.Equal)); diff != "" {
			t.Errorf("manifest differs (-want +got):\n%s", diff)
		}
	}
}

func TestNotFound(t *testing.T) {
	for name, l := range map[string]*state.Ledger{"new": statetest.New(t).Ledger, "empty": state.Empty()} {
		t.Run(name, func(t *testing.T) {
			if _, err := l.Transaction(1); !errors.Is(err, state.ErrNotFound) {
				t.Errorf("Transaction: %v", err)
			}
			if _, err := l.Blob(sum("")); !errors.Is(err, state.ErrNotFound) {
				t.Errorf("Blob: %v", err)
			}
			if _, err := l.Manifest(sum("")); !errors.Is(err, state.ErrNotFound) {
				t.Errorf("Manifest: %v", err)
			}
			all, err := l.Transactions()
			if len(all) > 0 || err != nil {
				t.Errorf("Transactions: %v, %v", all, err)
			}
			if p, err := l.Pending(); p != nil || err != nil {
				t.Errorf("Pending: %v, %v", p, err)
			}
			if problems, err := l.Verify(); len(problems) > 0 || err != nil {
				t.Errorf("Verify: %v, %v", problems, err)
			}
		})
	}
}

func TestReadOnly(t *testing.T) {
	dir := statetest.Dir(t.TempDir())
	tr, before, _, _ := sample(1)
	missing := open(t, dir, state.Options{ReadOnly: true})
	if _, err := missing.Begin(tr, before, nil); !errors.Is(err, state.ErrReadOnly) {
		t.Errorf("Begin without a file: %v", err)
	}
	if names, _ := os.ReadDir(string(dir)); len(names) > 0 {
		t.Errorf("reading made %v", names)
	}
	open(t, dir, state.Options{}).Close()
	l := open(t, dir, state.Options{ReadOnly: true})
	if _, err := l.Begin(tr, before, nil); !errors.Is(err, state.ErrReadOnly) {
		t.Errorf("Begin: %v", err)
	}
	if len(l.ID()) != 32 {
		t.Errorf("id = %q", l.ID())
	}
}

func TestZeroBytes(t *testing.T) {
	dir := statetest.Dir(t.TempDir())
	file := filepath.Join(string(dir), statetest.Name)
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if all, err := open(t, dir, state.Options{ReadOnly: true}).Transactions(); err != nil || len(all) > 0 {
		t.Errorf("read as %v, %v", all, err)
	}
	l := open(t, dir, state.Options{})
	run(t, l, 1)
}

func TestTornCreation(t *testing.T) {
	for name, torn := range map[string]string{"empty": "", "torn": strings.Repeat("x", 5000)} {
		t.Run(name, func(t *testing.T) {
			dir := statetest.Dir(t.TempDir())
			file := filepath.Join(string(dir), statetest.Name+".new")
			if err := os.WriteFile(file, []byte(torn), 0o600); err != nil {
				t.Fatal(err)
			}
			run(t, open(t, dir, state.Options{}), 1)
			if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s is left: %v", file, err)
			}
		})
	}
}

func TestBusy(t *testing.T) {
	for _, tt := range []struct {
		name          string
		first, second state.Options
		want          error
	}{
		{"writers", state.Options{}, state.Options{}, state.ErrBusy},
		{"writer and reader", state.Options{}, state.Options{ReadOnly: true}, state.ErrBusy},
		{"reader and writer", state.Options{ReadOnly: true}, state.Options{}, state.ErrBusy},
		{"readers", state.Options{ReadOnly: true}, state.Options{ReadOnly: true}, nil},
		{"waiting", state.Options{}, state.Options{Wait: 60 * time.Millisecond}, state.ErrBusy},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := statetest.Dir(t.TempDir())
			open(t, dir, state.Options{}).Close()
			first := open(t, dir, tt.first)
			start := time.Now()
			l, err := state.Open(dir, statetest.Name, tt.second)
			if took := time.Since(start); took < tt.second.Wait || took > tt.second.Wait+5*time.Second {
				t.Errorf("waited %v", took)
			}
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if err == nil {
				l.Close()
			}
			first.Close()
			open(t, dir, tt.second)
		})
	}
}

func TestWaitEndsWithHolder(t *testing.T) {
	dir := statetest.Dir(t.TempDir())
	first := open(t, dir, state.Options{})
	time.AfterFunc(100*time.Millisecond, func() { first.Close() })
	open(t, dir, state.Options{Wait: time.Minute})
}

func TestConcurrentCreation(t *testing.T) {
	dir := statetest.Dir(t.TempDir())
	errs := make(chan error)
	const writers = 8
	for n := range writers {
		go func() {
			l, err := state.Open(dir, statetest.Name, state.Options{Wait: time.Minute})
			if err == nil {
				tr, before, _, blobs := sample(n)
				tr, err = l.Begin(tr, before, blobs)
				if err == nil {
					tr.Outcome = state.Interrupted
					_, err = l.Commit(tr, before, nil)
				}
				err = errors.Join(err, l.Close())
			}
			errs <- err
		}()
	}
	for range writers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	all, err := open(t, dir, state.Options{ReadOnly: true}).Transactions()
	if err != nil || len(all) != writers {
		t.Errorf("%d transactions of %d, %v", len(all), writers, err)
	}
	if names, _ := os.ReadDir(string(dir)); len(names) != 1 {
		t.Errorf("directory holds %v", names)
	}
}

func TestConcurrentReaders(t *testing.T) {
	l := statetest.New(t)
	done := make(chan error)
	stop := make(chan struct{})
	const readers = 4
	for range readers {
		go func() {
			for {
				all, err := l.Transactions()
				if err == nil {
					_, err = l.Verify()
				}
				if err != nil {
					done <- err
					return
				}
				for _, tr := range all {
					if _, err := l.Manifest(tr.After); err != nil {
						done <- err
						return
					}
				}
				select {
				case <-stop:
					done <- nil
					return
				default:
				}
			}
		}()
	}
	for n := range 50 {
		run(t, l.Ledger, n)
	}
	close(stop)
	for range readers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestRefused(t *testing.T) {
	content := "x"
	gone := &state.Entry{Type: "file", Mode: "0644", SHA256: sum("gone")}
	for _, tt := range []struct {
		name string
		edit func(*state.Transaction, *state.Manifest, map[string][]byte)
		want string
	}{
		{"path", func(t *state.Transaction, _ *state.Manifest, _ map[string][]byte) { t.Changes[0].Path = "/etc/\xff" }, `"/etc/\xff" is not UTF-8`},
		{"target", func(t *state.Transaction, _ *state.Manifest, _ map[string][]byte) {
			t.Changes[0].Before.Target = "\xfe"
		}, `"\xfe" is not UTF-8`},
		{"operation", func(t *state.Transaction, _ *state.Manifest, _ map[string][]byte) { t.Operations[0].To = "/\xfd" }, `"/\xfd" is not UTF-8`},
		{"script", func(t *state.Transaction, _ *state.Manifest, _ map[string][]byte) { t.Scripts = []string{"a\x00b"} }, `"a\x00b" is no script`},
		{"intent", func(t *state.Transaction, _ *state.Manifest, _ map[string][]byte) { t.Decisions[0].Script = "other" }, `decision on "other"`},
		{"decision", func(t *state.Transaction, _ *state.Manifest, _ map[string][]byte) { t.Decisions[0] = state.Decision{} }, `"" is no script`},
		{"manifest path", func(_ *state.Transaction, m *state.Manifest, _ map[string][]byte) {
			m.Entries["/a\xff"] = state.Entry{}
		}, `"/a\xff" is not UTF-8`},
		{"relative path", func(_ *state.Transaction, m *state.Manifest, _ map[string][]byte) { m.Entries["a"] = state.Entry{} }, `"a" is no absolute path`},
		{"no pre-image", func(t *state.Transaction, _ *state.Manifest, _ map[string][]byte) { t.Changes[0].Before = gone }, "not in the ledger"},
		{"wrong blob", func(_ *state.Transaction, _ *state.Manifest, b map[string][]byte) { b[sum("y")] = []byte(content) }, "content given as blob"},
		{"large blob", func(_ *state.Transaction, _ *state.Manifest, b map[string][]byte) {
			b[sum("y")] = make([]byte, 16<<20+1)
		}, "more than"},
		{"time", func(t *state.Transaction, _ *state.Manifest, _ map[string][]byte) {
			t.Changes[0].Before.MTime = time.Unix(1<<40, 0)
		}, "year"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := statetest.New(t)
			tr, before, _, blobs := sample(1)
			tt.edit(&tr, &before, blobs)
			_, err := l.Begin(tr, before, blobs)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			if p, err := l.Pending(); p != nil || err != nil {
				t.Errorf("left behind: %v, %v", p, err)
			}
		})
	}
}

func TestCommitRefused(t *testing.T) {
	l := statetest.New(t)
	tr, before, _, blobs := sample(1)
	tr.ID, tr.Outcome = 1, state.Committed
	if _, err := l.Commit(tr, before, nil); err == nil {
		t.Error("committed what never began")
	}
	begun, err := l.Begin(tr, before, blobs)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Commit(begun, before, nil); err == nil {
		t.Error("committed without an outcome")
	}
	begun.Outcome = state.Interrupted
	other := begun
	other.Nonce = strings.Repeat("0", 32)
	if _, err := l.Commit(other, before, nil); err == nil {
		t.Error("committed another ledger's transaction")
	}
	done, err := l.Commit(begun, before, nil)
	if err != nil {
		t.Fatal(err)
	}
	if intents, err := l.Intents(); err != nil || len(intents) > 0 {
		t.Errorf("an interrupted transaction decided %v, %v", intents, err)
	}
	next, err := l.Begin(tr, before, nil)
	if err != nil || next.ID != 2 || next.ParentHash != done.Hash {
		t.Errorf("next is %d after %s, %v", next.ID, next.ParentHash, err)
	}
}

func TestUnchangedManifestCostsNothing(t *testing.T) {
	l := statetest.New(t)
	tr := run(t, l.Ledger, 1)
	m, err := l.Manifest(tr.After)
	if err != nil {
		t.Fatal(err)
	}
	begun, err := l.Begin(state.Transaction{Kind: state.Reapply}, m, nil)
	if err != nil {
		t.Fatal(err)
	}
	if begun.Before != tr.After {
		t.Errorf("manifest %s, want %s", begun.Before, tr.After)
	}
}

// TestBytes pins the stored form: lists are never null, and nothing is escaped
// that need not be.
func TestBytes(t *testing.T) {
	l := statetest.New(t)
	begun, err := l.Begin(state.Transaction{Kind: state.Convert, Comment: "<&>"}, state.Manifest{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	begun.Outcome = state.Committed
	done, err := l.Commit(begun, state.Manifest{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":1,"nonce":"` + done.Nonce + `","time":"0001-01-01T00:00:00Z","kind":"convert","outcome":"committed",` +
		`"actor":{"uid":0,"user":"","sudo_user":"","host":"","argv":[]},"comment":"<&>","scheme":"","scripts":[],` +
		`"operations":[],"changes":[],"decisions":[],"warnings":[],"packages":[],"before":"` + done.Before +
		`","after":"` + done.After + `","parent_hash":"","hash":""}`
	if got := sum(want); got != done.Hash {
		t.Errorf("hash = %s, want %s of %s", done.Hash, got, want)
	}
}
