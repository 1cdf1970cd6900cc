package snapshot

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/profile"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/state"
)

// draft is a transaction that has not been made: how the guest is, how it would
// be, and what led from one to the other.
type draft struct {
	kind       state.Kind
	before     boot.Tree
	after      boot.Tree
	scripts    []string
	operations []state.Operation
	decisions  []state.Decision
	warnings   []string
	takesBack  []uint64
	makesAgain []uint64
	kept       []profile.Kept // what would be disabled but for the keep list
	profile    string         // of a convert: whose verdicts it followed
	level      string
}

func (s *Session) newDraft(kind state.Kind) *draft {
	tree := s.configuration.Tree
	return &draft{kind: kind, before: tree, after: tree.Clone(), warnings: slices.Clone(s.configuration.Warnings)}
}

func (d *draft) warn(format string, args ...any) {
	d.warnings = append(d.warnings, fmt.Sprintf(format, args...))
}

// touch notes that the draft is about a script.
func (d *draft) touch(script string) {
	if !slices.Contains(d.scripts, script) {
		d.scripts = append(d.scripts, script)
	}
}

// decide notes that a script's standing intent becomes after, nil for none.
// Later notes about the same script keep the first one's Before.
func (d *draft) decide(script string, before, after *state.Intent) {
	d.touch(script)
	for i := range d.decisions {
		if d.decisions[i].Script == script {
			d.decisions[i].After = after
			return
		}
	}
	d.decisions = append(d.decisions, state.Decision{Script: script, Before: before, After: after})
}

// put makes file hold node in the draft's outcome, and makes the directories
// that it needs.
func (d *draft) put(file string, node boot.Node) {
	if dir := path.Dir(file); makes(dir) {
		d.mkdir(dir)
	}
	d.after.Put(file, node)
}

// mkdir makes sure that dir is a directory in the draft's outcome.
func (d *draft) mkdir(dir string) {
	if _, there := d.after.Nodes[dir]; !there {
		d.put(dir, boot.Node{Entry: rootfs.Entry{Type: rootfs.Dir, Mode: 0o755}})
	}
}

// dropEmptied removes the directories that this draft emptied, if bootledger
// made them.
func (s *Session) dropEmptied(d *draft) error {
	var emptied []string
	for path, node := range d.after.Nodes {
		_, there := d.before.Nodes[path]
		if makes(path) && node.Type == rootfs.Dir && !(there && len(d.before.Names[path]) == 0) {
			emptied = append(emptied, path)
		}
	}
	if !slices.ContainsFunc(emptied, func(path string) bool { return len(d.after.Names[path]) == 0 }) {
		return nil
	}
	transactions, err := s.ledger.Transactions()
	if err != nil {
		return err
	}
	made := map[string]bool{}
	for _, t := range transactions {
		for _, change := range t.Changes {
			made[change.Path] = made[change.Path] || change.Before == nil
		}
	}
	slices.Sort(emptied)
	for _, path := range slices.Backward(emptied) { // what a directory holds comes before it
		if _, there := d.before.Nodes[path]; len(d.after.Names[path]) == 0 && (made[path] || !there) {
			d.after.Remove(path)
		}
	}
	return nil
}

// makes tells the directories that bootledger makes where they are missing.
func makes(dir string) bool {
	return parks(dir) || dir == boot.OverrideDir || dir == path.Dir(boot.OverrideDir)
}

// parks tells ParkDir and what is below it.
func parks(path string) bool { return path == ParkDir || strings.HasPrefix(path, ParkDir+"/") }

// difference lists the paths at which two trees differ, in an order in which
// they can be changed: directories that come first, then what is new or other,
// then what goes, directories that go last.
func difference(before, after boot.Tree) []state.Change {
	var create, remove []state.Change
	paths := slices.Sorted(maps.Keys(before.Nodes))
	for path := range after.Nodes {
		if _, there := before.Nodes[path]; !there {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	for _, path := range paths {
		old, was := before.Nodes[path]
		now, is := after.Nodes[path]
		change := state.Change{Path: path, Before: record(old, was), After: record(now, is)}
		switch {
		case was && is && old.Same(now.Entry):
		case is:
			create = append(create, change)
		default:
			remove = append(remove, change)
		}
	}
	slices.Reverse(remove) // what a directory holds goes before it
	return append(create, remove...)
}

func record(node boot.Node, there bool) *state.Entry {
	if !there {
		return nil
	}
	return &state.Entry{
		Type: string(node.Type), Mode: fmt.Sprintf("%04o", node.Mode), UID: node.UID, GID: node.GID,
		MTime: node.MTime, Target: node.Target, SHA256: node.SHA256, Size: node.Size,
	}
}

// entry is the inverse of record; a nil record gives nil.
func entry(e *state.Entry) (*rootfs.Entry, error) {
	if e == nil {
		return nil, nil
	}
	var mode uint32
	if _, err := fmt.Sscanf(e.Mode, "%o", &mode); err != nil {
		return nil, &state.DamageError{Where: "entry", Message: fmt.Sprintf("mode %q is no octal number", e.Mode)}
	}
	return &rootfs.Entry{
		Type: rootfs.Type(e.Type), Mode: mode, UID: e.UID, GID: e.GID,
		MTime: e.MTime, Target: e.Target, SHA256: e.SHA256, Size: e.Size,
	}, nil
}

// same compares two records as rootfs.Entry.Same does; nil equals nil only.
func same(a, b *state.Entry) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Type == b.Type && a.UID == b.UID && a.GID == b.GID && a.Target == b.Target && a.SHA256 == b.SHA256 &&
		(a.Type == string(rootfs.Symlink) || a.Mode == b.Mode)
}

// keepable reports whether the ledger can keep an entry: names in it are UTF-8.
func keepable(path string, node boot.Node) bool {
	return utf8.ValidString(path) && utf8.ValidString(node.Target)
}

// manifest captures a tree for the ledger, with the packages that own its
// scripts. What the ledger cannot keep is left out.
func manifest(tree boot.Tree, packages *boot.Packages) state.Manifest {
	m := state.Manifest{Entries: make(map[string]state.Entry, len(tree.Nodes)), Packages: map[string]string{}}
	for path, node := range tree.Nodes {
		if !keepable(path, node) {
			continue
		}
		m.Entries[path] = *record(node, true)
		if name, version := packages.Owner(path); name != "" && strings.HasPrefix(path, boot.InitDir+"/") {
			m.Packages[name] = version
		}
	}
	return m
}

// blobs gives the contents of all files of a tree by their SHA-256.
func blobs(tree boot.Tree) map[string][]byte {
	contents := make(map[string][]byte)
	for _, node := range tree.Nodes {
		if node.SHA256 != "" {
			contents[node.SHA256] = node.Content
		}
	}
	return contents
}
