package snapshot

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/state"
)

// takeBack undoes the changes that were, or may have been, made of a transaction
// that was begun and not committed, and records it as interrupted. It may itself
// be interrupted and repeated: what is back already is left as it is, and what
// somebody else changed meanwhile is left to them and named in the record.
func (s *Session) takeBack(t state.Transaction, made []state.Change) (*Result, error) {
	unfinished := func(err error) error {
		return &Error{
			Kind: Unfinished, Message: fmt.Sprintf("transaction %d is half done and could not be taken back", t.ID),
			Hint: "mend what the message says, then run bootledger recover", Err: err,
		}
	}
	strange, err := s.sweep(t.Changes) // first: a directory that holds a leftover cannot go
	if err != nil {
		return nil, unfinished(err)
	}
	var foreign []string
	for _, change := range slices.Backward(made) {
		now, err := s.now(change.Path)
		if err != nil {
			return nil, unfinished(err)
		}
		switch {
		case same(now, change.Before):
		case same(now, change.After):
			err = s.replace(change.Path, change.After, change.Before, nil)
			if errors.Is(err, rootfs.ErrChanged) || errors.Is(err, syscall.ENOTEMPTY) { // somebody put a file in a directory of ours
				foreign = append(foreign, change.Path)
			} else if err != nil {
				return nil, unfinished(err)
			}
		default:
			foreign = append(foreign, change.Path)
		}
	}
	if err := s.root.Sync(); err != nil {
		return nil, unfinished(err)
	}
	now, err := boot.Read(s.root)
	if err != nil {
		return nil, unfinished(err)
	}
	if s.packages == nil {
		if s.packages, err = boot.ReadPackages(s.root); err != nil {
			return nil, unfinished(err)
		}
	}
	t.Outcome = state.Interrupted
	if t.Error == "" {
		t.Error = "the call was interrupted"
	}
	var warnings []string
	if len(strange) > 0 {
		warnings = append(warnings, "somebody else's version may be in "+strings.Join(strange, ", "))
	}
	if len(foreign) > 0 {
		warnings = append(warnings, "left alone, since somebody else changed them: "+strings.Join(foreign, ", "))
	}
	t.Warnings = append(t.Warnings, warnings...)
	if _, err = s.ledger.Commit(t, manifest(now.Tree, s.packages), blobs(now.Tree)); err != nil {
		return nil, unfinished(err)
	}
	return &Result{Transaction: t.ID, Kind: t.Kind, Scripts: t.Scripts, Changes: t.Changes, Warnings: warnings}, nil
}

// sweep removes the temporary names that a crash left beside paths that were to
// change, and names those that hold what the ledger does not.
func (s *Session) sweep(changes []state.Change) (strange []string, err error) {
	var dirs []string
	for _, change := range changes {
		dirs = append(dirs, path.Dir(change.Path))
	}
	slices.Sort(dirs)
	for _, dir := range slices.Compact(dirs) {
		leftovers, err := s.root.Leftovers(dir)
		if errors.Is(err, syscall.ENOTDIR) { // somebody put a file there
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, leftover := range leftovers {
			ours, err := s.ours(leftover, changes)
			if err != nil {
				return nil, err
			}
			if !ours {
				strange = append(strange, leftover)
			} else if err := s.root.RemoveLeftover(leftover); err != nil {
				return nil, err
			}
		}
	}
	return strange, nil
}

// ours reports whether a leftover is one of the two sides of a change, or was
// not made to its end.
func (s *Session) ours(leftover string, changes []state.Change) (bool, error) {
	entry, err := s.root.Stat(leftover)
	if errors.Is(err, fs.ErrNotExist) || err == nil && (rootfs.Unfinished(path.Base(leftover), entry) || entry.Type == rootfs.Dir) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	now, err := s.now(leftover)
	return slices.ContainsFunc(changes, func(c state.Change) bool { return same(now, c.Before) || same(now, c.After) }), err
}

// now records what a path holds at this moment; what is missing gives nil.
func (s *Session) now(path string) (*state.Entry, error) {
	entry, err := s.root.Stat(path)
	if err == nil && entry.Type == rootfs.File {
		entry, _, err = s.root.Read(path, boot.MaxFile)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return record(boot.Node{Entry: entry}, true), nil
}
