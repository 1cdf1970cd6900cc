package snapshot

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/state"
)

// Difference is what changed between two points in time.
type Difference struct {
	From, To string
	Links    []LinkChange
	Files    []FileChange
	Order    []OrderChange
	Scripts  []ScriptChange
}

// Empty reports whether nothing changed.
func (d *Difference) Empty() bool {
	return len(d.Links)+len(d.Files)+len(d.Order)+len(d.Scripts) == 0
}

// LinkChange is a link, in a runlevel directory or parked, that came, went or
// changed.
type LinkChange struct {
	Change state.Change
	Script string
}

// FileChange is a file or directory that came, went or changed.
type FileChange struct {
	Change        state.Change
	Before, After []byte // contents, nil where there is no file
}

// OrderChange is a script with another sequence in a runlevel.
type OrderChange struct {
	Runlevel      lsb.Runlevel
	Script        string
	Before, After int
	// Reordered says that the script changed places with another one, rather
	// than only its number.
	Reordered bool
}

// ScriptChange is what happened to a script as a whole: "enabled", "disabled",
// "added", "removed" or "reordered".
type ScriptChange struct {
	Name    string
	Change  string
	Package state.Package // that owns it, with its version at both points
}

// Diff compares two points in time: transactions, "live", or "A..B" as from.
// With neither, the end of the last transaction and the live guest; with a
// transaction alone, what that transaction did.
func (s *Session) Diff(from, to string) (*Difference, error) {
	if a, b, isRange := strings.Cut(from, ".."); isRange && to == "" {
		from, to = a, b
	}
	if from == "" {
		from, to = "last", live
	}
	if to == "" {
		return s.diffOf(from)
	}
	before, packagesBefore, err := s.at(from)
	if err != nil {
		return nil, err
	}
	after, packagesAfter, err := s.at(to)
	if err != nil {
		return nil, err
	}
	return s.compare(from, to, before, after, packagesBefore, packagesAfter), nil
}

// diffOf compares the guest before and after one transaction.
func (s *Session) diffOf(word string) (*Difference, error) {
	id, err := s.Resolve(word)
	if err != nil {
		return nil, err
	}
	t, err := s.target(id)
	if err != nil {
		return nil, err
	}
	before, packagesBefore, err := s.captured(t.Before)
	if err != nil {
		return nil, err
	}
	after, packagesAfter, err := s.captured(t.After)
	if err != nil {
		return nil, err
	}
	return s.compare("before "+word, word, before, after, packagesBefore, packagesAfter), nil
}

func (s *Session) compare(from, to string, before, after *boot.Configuration, packagesBefore, packagesAfter map[string]string) *Difference {
	d := &Difference{From: from, To: to}
	for _, change := range difference(before.Tree, after.Tree) {
		if link, ok := anyLink(change.Path); ok {
			d.Links = append(d.Links, LinkChange{Change: change, Script: link.Name})
			continue
		}
		d.Files = append(d.Files, FileChange{
			Change: change, Before: before.Tree.Nodes[change.Path].Content, After: after.Tree.Nodes[change.Path].Content,
		})
	}
	slices.SortFunc(d.Links, func(a, b LinkChange) int { return strings.Compare(a.Change.Path, b.Change.Path) })
	slices.SortFunc(d.Files, func(a, b FileChange) int { return strings.Compare(a.Change.Path, b.Change.Path) })
	d.Order = compareOrder(before, after)
	d.Scripts = s.compareScripts(before, after, d.Order, packagesBefore, packagesAfter)
	return d
}

// anyLink reads the path of a link in a runlevel directory or in ParkDir.
func anyLink(path string) (lsb.Link, bool) {
	if parked, isParked := strings.CutPrefix(path, ParkDir+"/"); isParked {
		path = "/etc/" + parked
	}
	return linkPath(path)
}

func (s *Session) compareScripts(before, after *boot.Configuration, order []OrderChange, packagesBefore, packagesAfter map[string]string) []ScriptChange {
	reordered := map[string]bool{}
	for _, change := range order {
		if change.Reordered {
			reordered[change.Script] = true
		}
	}
	names := map[string]bool{}
	for _, script := range slices.Concat(before.Scripts, after.Scripts) {
		names[script.Name] = true
	}
	var changes []ScriptChange
	for _, name := range slices.Sorted(maps.Keys(names)) {
		old, now := before.Script(name), after.Script(name)
		what := ""
		switch {
		case old.Name == "":
			what = "added"
		case now.Name == "":
			what = "removed"
		case !old.Enabled && now.Enabled:
			what = "enabled"
		case old.Enabled && !now.Enabled:
			what = "disabled"
		case reordered[name]:
			what = "reordered"
		default:
			continue
		}
		owner, _ := s.packages.Owner(boot.InitDir + "/" + name)
		changes = append(changes, ScriptChange{
			Name: name, Change: what,
			Package: state.Package{Name: owner, Before: packagesBefore[owner], After: packagesAfter[owner]},
		})
	}
	return changes
}

// compareOrder lists the scripts whose sequence changed in a runlevel that both
// points know them in.
func compareOrder(before, after *boot.Configuration) []OrderChange {
	var changes []OrderChange
	for _, level := range lsb.AllRunlevels {
		old, now := sequences(before.Tree, level), sequences(after.Tree, level)
		both := slices.DeleteFunc(slices.Collect(maps.Keys(old)), func(key position) bool { _, there := now[key]; return !there })
		slices.SortFunc(both, func(a, b position) int { return strings.Compare(a.script, b.script) })
		moved := movers(both, old, now)
		for _, key := range both {
			if old[key] != now[key] {
				changes = append(changes, OrderChange{
					Runlevel: level, Script: key.script, Before: old[key], After: now[key], Reordered: moved[key],
				})
			}
		}
	}
	return changes
}

// position is a script's place among those that are started, or stopped, in one
// runlevel.
type position struct {
	action lsb.Action
	script string
}

func sequences(tree boot.Tree, level lsb.Runlevel) map[position]int {
	numbers := map[position]int{}
	for _, base := range tree.Names["/etc/"+level.Dir()] {
		if link, ok := lsb.ParseLink(level, base); ok {
			numbers[position{link.Action, link.Name}] = link.Sequence
		}
	}
	return numbers
}

// movers picks the fewest positions whose removal leaves no pair that changed
// places: where one script passed ten others, it is the one that moved. Where it
// passed a single one, the two changed places, and both are movers.
func movers(keys []position, old, now map[position]int) map[position]bool {
	moved := map[position]bool{}
	for _, action := range []lsb.Action{lsb.Start, lsb.Stop} {
		of := slices.DeleteFunc(slices.Clone(keys), func(key position) bool { return key.action != action })
		slices.SortStableFunc(of, func(a, b position) int { return cmp.Or(old[a]-old[b], now[a]-now[b]) })
		stayed := longestRising(of, now)
		for _, a := range of {
			if stayed[a] {
				continue
			}
			moved[a] = true
			var passed []position
			for _, b := range of {
				if (old[a]-old[b])*(now[a]-now[b]) < 0 {
					passed = append(passed, b)
				}
			}
			if len(passed) == 1 {
				moved[passed[0]] = true
			}
		}
	}
	return moved
}

// longestRising picks as many of the keys as it can, so that their numbers never
// fall.
func longestRising(keys []position, number map[position]int) map[position]bool {
	var ends []int // index of the last key of the best run of each length
	previous := make([]int, len(keys))
	for i, key := range keys {
		length, _ := slices.BinarySearchFunc(ends, number[key], func(end, n int) int {
			if number[keys[end]] <= n {
				return -1
			}
			return 1
		})
		previous[i] = -1
		if length > 0 {
			previous[i] = ends[length-1]
		}
		if length == len(ends) {
			ends = append(ends, i)
		}
		ends[length] = i
	}
	picked := map[position]bool{}
	if len(ends) == 0 {
		return picked
	}
	for i := ends[len(ends)-1]; i >= 0; i = previous[i] {
		picked[keys[i]] = true
	}
	return picked
}

// IsText reports whether a file's content can be shown line by line.
func (f FileChange) IsText() bool {
	isFile := func(e *state.Entry) bool { return e == nil || e.Type == string(rootfs.File) }
	return isFile(f.Change.Before) && isFile(f.Change.After) &&
		!bytes.ContainsRune(f.Before, 0) && !bytes.ContainsRune(f.After, 0)
}
