package snapshot

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/profile"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/state"
)

// Changing is what every verb that records a transaction is told.
type Changing struct {
	DryRun  bool
	Force   bool // overwrite what somebody else changed, after recording it
	Comment string
	Labels  map[string]string
}

// Result is what a changing verb did, or would do in a dry run.
type Result struct {
	Transaction uint64 // 0 when nothing was recorded
	Kind        state.Kind
	DryRun      bool
	Scripts     []string
	Disabled    []string // the boot ran them before, and does not after
	Enabled     []string // the other way round
	Operations  []state.Operation
	Changes     []state.Change
	Decisions   []state.Decision
	TakesBack   []uint64
	MakesAgain  []uint64
	Kept        []profile.Kept // what would have been disabled but for the guest's keep list
	Warnings    []string
	OrderBefore map[lsb.Runlevel][]string
	OrderAfter  map[lsb.Runlevel][]string
}

// apply makes a draft a transaction.
func (s *Session) apply(d *draft, c Changing) (*Result, error) {
	if err := s.dropEmptied(d); err != nil {
		return nil, err
	}
	changes := difference(d.before, d.after)
	planned := boot.FromTree(d.after)
	result := &Result{
		Kind: d.kind, DryRun: c.DryRun, Scripts: d.scripts, Operations: d.operations, Changes: changes,
		Decisions: d.decisions, TakesBack: d.takesBack, MakesAgain: d.makesAgain, Kept: d.kept, Warnings: d.warnings,
		OrderBefore: s.configuration.Order(), OrderAfter: planned.Order(),
	}
	for _, script := range scriptNames(s.configuration, planned) {
		switch before, after := s.runs(script), runs(planned, script); {
		case before && !after:
			result.Disabled = append(result.Disabled, script)
		case after && !before:
			result.Enabled = append(result.Enabled, script)
		}
	}
	if len(changes) == 0 && len(d.decisions) == 0 && len(d.takesBack) == 0 {
		result.Scripts, result.Operations = nil, nil
		return result, nil
	}
	if err := checkNames(changes, d.scripts); err != nil || c.DryRun {
		return result, err
	}
	before := manifest(d.before, s.packages)
	packages, err := s.packagesSince(before)
	if err != nil {
		return nil, err
	}
	contents := blobs(d.before)
	maps.Copy(contents, blobs(d.after))
	t, err := s.ledger.Begin(state.Transaction{
		Time: s.options.Now().UTC(), Kind: d.kind, Actor: s.options.Actor, Comment: c.Comment, Labels: c.Labels,
		Scheme: string(s.configuration.Detection.Scheme), Scripts: d.scripts, Operations: d.operations, Changes: changes,
		Decisions: d.decisions, Warnings: d.warnings, Packages: packages,
		TakesBack: d.takesBack, MakesAgain: d.makesAgain, Profile: d.profile, Level: d.level,
	}, before, contents)
	if err != nil {
		return nil, fmt.Errorf("cannot record the transaction: %w", err)
	}
	if made, err := s.change(changes, contents); err != nil {
		return nil, s.giveUp(t, made, err)
	}
	done, err := boot.Read(s.root)
	if err == nil {
		err = readBack(changes, done.Tree)
	}
	if err != nil {
		return nil, s.giveUp(t, changes, err)
	}
	t.Outcome = state.Committed
	if _, err = s.ledger.Commit(t, manifest(done.Tree, s.packages), blobs(done.Tree)); err != nil {
		return nil, &Error{
			Kind: Unfinished, Message: fmt.Sprintf("the end of transaction %d could not be recorded", t.ID),
			Hint: "free some disk space if that is the cause, then run bootledger recover", Err: err,
		}
	}
	s.configuration = done
	result.Transaction = t.ID
	return result, nil
}

// change makes the changes in their order and has them on disk when it
// returns. On an error it gives those that may have been made.
func (s *Session) change(changes []state.Change, contents map[string][]byte) (made []state.Change, err error) {
	for i, change := range changes {
		err := s.replace(change.Path, change.Before, change.After, contents)
		if errors.Is(err, rootfs.ErrChanged) {
			return changes[:i], err
		}
		if err != nil {
			return changes[:i+1], err
		}
	}
	return changes, s.root.Sync()
}

func (s *Session) replace(path string, have, want *state.Entry, contents map[string][]byte) error {
	from, err := entry(have)
	if err != nil {
		return err
	}
	to, err := entry(want)
	if err != nil {
		return err
	}
	var content []byte
	if to != nil && to.Type == rootfs.File {
		var stored bool
		if content, stored = contents[to.SHA256]; !stored {
			if content, err = s.ledger.Blob(to.SHA256); err != nil {
				return fmt.Errorf("cannot find what %s held: %w", rootfs.Quote(path), err)
			}
		}
	}
	return s.root.Replace(path, from, to, content)
}

// readBack compares a guest that was changed with what was planned.
func readBack(changes []state.Change, now boot.Tree) error {
	for _, change := range changes {
		node, there := now.Nodes[change.Path]
		if !same(record(node, there), change.After) {
			return fmt.Errorf("%s is not as it was just written: %w", rootfs.Quote(change.Path), rootfs.ErrChanged)
		}
	}
	return nil
}

// giveUp takes back what was made of a transaction that failed, records it as
// interrupted, and gives the error that the caller gets to see.
func (s *Session) giveUp(t state.Transaction, made []state.Change, cause error) error {
	t.Error = cause.Error()
	if _, err := s.takeBack(t, made); err != nil {
		return errors.Join(err, cause)
	}
	return cause
}

// checkNames refuses names that the ledger cannot keep.
func checkNames(changes []state.Change, scripts []string) error {
	names := slices.Clone(scripts)
	for _, change := range changes {
		names = append(names, change.Path)
		for _, side := range []*state.Entry{change.Before, change.After} {
			if side != nil {
				names = append(names, side.Target)
			}
		}
	}
	for _, name := range names {
		if !utf8.ValidString(name) {
			return fail(Failed, "rename it first", "the name %s is not UTF-8", rootfs.Quote(name))
		}
	}
	return nil
}

// packagesSince lists the packages whose version changed since the transaction
// before.
func (s *Session) packagesSince(now state.Manifest) ([]state.Package, error) {
	transactions, err := s.ledger.Transactions()
	if err != nil || len(transactions) == 0 {
		return nil, err
	}
	then, err := s.ledger.Manifest(transactions[len(transactions)-1].After)
	if err != nil {
		return nil, err
	}
	return changedPackages(then.Packages, now.Packages), nil
}

func changedPackages(before, after map[string]string) []state.Package {
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range after {
		names[name] = true
	}
	var changed []state.Package
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if before[name] != after[name] {
			changed = append(changed, state.Package{Name: name, Before: before[name], After: after[name]})
		}
	}
	return changed
}
