package snapshot

import (
	"bytes"
	"slices"
	"strings"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/edit"
	"github.com/bootledger/bootledger/boot/profile"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/state"
)

// editFile is the Op of an edited line.
const editFile = "edit_file"

// edit makes edits of text files in the draft's outcome. A file that is not
// there needs none; one that is no plain file gets a warning.
func (d *draft) edit(edits []profile.Edit) {
	var odd []string
	for _, e := range edits {
		path := edit.Path(e.Name)
		node, there := d.after.Nodes[path]
		if there && node.Type == rootfs.Symlink && edit.Target(e.Name) != "" {
			continue // whoever made it one knows why
		}
		if there && node.Type != rootfs.File && !slices.Contains(odd, path) {
			odd = append(odd, path)
			d.warn("%s is a %s: its lines are left alone", rootfs.Quote(path), node.Type)
		}
		if !there || node.Type != rootfs.File {
			continue
		}
		if target := edit.Target(e.Name); target != "" {
			d.put(path, boot.Node{Entry: rootfs.Entry{Type: rootfs.Symlink, Mode: 0o777, Target: target}})
			d.operations = append(d.operations, state.Operation{Op: editFile, Path: path, To: target, Edit: e.Name, Reason: e.Reason})
			continue
		}
		content, lines := edit.Apply(e.Name, node.Content, edit.Options{TTYs: e.TTYs})
		if len(lines) == 0 {
			continue
		}
		d.after.Write(path, content)
		for _, line := range lines {
			d.operations = append(d.operations, state.Operation{
				Op: editFile, Path: path, Edit: e.Name, Line: line.Number, Reason: e.Reason,
				Before: strings.ToValidUTF8(line.Before, "?"), After: strings.ToValidUTF8(line.After, "?"),
			})
		}
	}
}

// editsAt gives the edits of a profile that a conversion at a level makes.
func editsAt(p profile.Profile, level profile.Level) []profile.Edit {
	return slices.DeleteFunc(slices.Clone(p.Edits), func(e profile.Edit) bool { return !level.Includes(e.Verdict) })
}

// standingEdits gives the edits that conversions in force made, as the profile of
// the last one of them has them.
func (s *Session) standingEdits() ([]profile.Edit, error) {
	transactions, err := s.ledger.Transactions()
	if err != nil {
		return nil, err
	}
	taken := undone(transactions)
	var standing []profile.Edit
	for _, t := range slices.Backward(transactions) {
		if t.Kind != state.Convert || t.Outcome != state.Committed || taken[t.ID] {
			continue
		}
		for _, op := range t.Operations {
			if op.Op != editFile || slices.ContainsFunc(standing, func(e profile.Edit) bool { return e.Name == op.Edit }) {
				continue
			}
			followed, err := s.followed(t)
			if err != nil { // fresh has warned of it
				continue
			}
			i := slices.IndexFunc(followed.Edits, func(e profile.Edit) bool { return e.Name == op.Edit && e.Verdict != profile.Keep })
			if i >= 0 {
				standing = append(standing, followed.Edits[i])
			}
		}
	}
	return standing, nil
}

// editDrift lists the lines that are again as they were before a conversion in
// force edited them.
func (s *Session) editDrift() ([]Drift, error) {
	standing, err := s.standingEdits()
	if err != nil {
		return nil, err
	}
	d := s.newDraft(state.Reapply)
	d.edit(standing)
	var drift []Drift
	for _, op := range d.operations {
		drift = append(drift, Drift{Kind: EditUndone, Path: op.Path, Line: op.Line, Edit: op.Edit})
	}
	return drift, nil
}

// patch does to the file of a change what turns one content of it into another,
// line by line, and leaves alone what somebody else wrote there since. It gives
// false for a path that no edit is about.
func (s *Session) patch(d *draft, path string, from, to *state.Entry) (bool, error) {
	if !edit.Known(path) {
		return false, nil
	}
	node, there := d.after.Nodes[path]
	for _, e := range []*state.Entry{from, to, record(node, there)} {
		if e == nil || e.Type != string(rootfs.File) {
			d.warn("%s: somebody else changed it, it stays", rootfs.Quote(path))
			return true, nil
		}
	}
	old, err := s.ledger.Blob(from.SHA256)
	if err != nil {
		return false, err
	}
	wanted, err := s.ledger.Blob(to.SHA256)
	if err != nil {
		return false, err
	}
	patched, left := patchLines(string(node.Content), string(old), string(wanted))
	for _, line := range left {
		d.warn("%s: somebody else changed %s, it stays", rootfs.Quote(path), rootfs.Quote(strings.TrimSuffix(line, "\n")))
	}
	if !bytes.Equal(node.Content, []byte(patched)) {
		d.after.Write(path, []byte(patched))
		d.operations = append(d.operations, state.Operation{Op: editFile, Path: path, How: byDecision})
	}
	return true, nil
}

// reversedEdits gives what a transaction did to files that edits are made in, the
// other way round.
func reversedEdits(t state.Transaction) []state.Change {
	var changes []state.Change
	for _, c := range slices.Backward(t.Changes) {
		if edit.Known(c.Path) {
			changes = append(changes, state.Change{Path: c.Path, Before: c.After, After: c.Before})
		}
	}
	return changes
}
