// Package statetest gives tests a ledger that checks itself.
package statetest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/bootledger/bootledger/state"
)

// Name is the name of the ledger in its directory.
const Name = "state.db"

// Dir is a directory of the host as a state.Dir.
type Dir string

// OpenFile opens a file of d.
func (d Dir) OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error) {
	return os.OpenFile(d.path(name), flag, perm)
}

// Rename renames a file of d. It fails when the new name is taken.
func (d Dir) Rename(oldName, newName string) error {
	if err := os.Link(d.path(oldName), d.path(newName)); err != nil {
		return err
	}
	return d.Remove(oldName)
}

// Remove removes a file of d.
func (d Dir) Remove(name string) error { return os.Remove(d.path(name)) }

// Sync makes the names in d durable.
func (d Dir) Sync() error {
	f, err := os.Open(string(d))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (d Dir) path(name string) string { return filepath.Join(string(d), name) }

// Ledger is an open ledger of its own directory.
type Ledger struct {
	*state.Ledger
	Dir Dir

	t testing.TB
}

// New opens a new ledger in a temporary directory. When the test ends it closes
// it, opens it again, which walks its pages, verifies all it holds, and makes sure
// that no temporary file is left beside it.
func New(t testing.TB) *Ledger {
	t.Helper()
	l := &Ledger{Dir: Dir(t.TempDir()), t: t}
	l.open()
	t.Cleanup(l.verify)
	return l
}

// Reopen closes the ledger and opens it again, as the next run of a program would.
func (l *Ledger) Reopen() {
	l.t.Helper()
	if err := l.Close(); err != nil {
		l.t.Fatal(err)
	}
	l.open()
}

func (l *Ledger) open() {
	l.t.Helper()
	ledger, err := state.Open(l.Dir, Name, state.Options{})
	if err != nil {
		l.t.Fatal(err)
	}
	l.Ledger = ledger
}

func (l *Ledger) verify() {
	l.t.Helper()
	l.Reopen()
	problems, err := l.Verify()
	if err != nil {
		l.t.Errorf("cannot verify the ledger: %v", err)
	}
	for _, p := range problems {
		l.t.Errorf("ledger has a problem: %s: %s: %s", p.Kind, p.Where, p.Message)
	}
	if err := l.Close(); err != nil {
		l.t.Error(err)
	}
	names, err := os.ReadDir(string(l.Dir))
	if err != nil {
		l.t.Error(err)
	}
	for _, n := range names {
		if n.Name() != Name {
			l.t.Errorf("%s is left beside the ledger", n.Name())
		}
	}
}
