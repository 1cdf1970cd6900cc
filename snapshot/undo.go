package snapshot

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/state"
)

// How an operation takes something back: see the package comment.
const (
	exactly    = "exact"
	byDecision = "decision"
)

// Undo takes back transaction id, or only its part about the named scripts,
// and keeps the later ones.
func (s *Session) Undo(ctx context.Context, id uint64, scripts []string, c Changing) (*Result, error) {
	t, err := s.target(id)
	if err != nil {
		return nil, err
	}
	if undone, err := s.undone(); err != nil {
		return nil, err
	} else if undone[id] {
		return nil, fail(Usage, "bootledger redo makes it again", "transaction %d is undone already", id)
	}
	decisions := t.Decisions
	if len(scripts) > 0 {
		if decisions, err = decisionsAbout(t, scripts); err != nil {
			return nil, err
		}
	}
	intents, err := s.intents()
	if err != nil {
		return nil, err
	}
	standing := slices.DeleteFunc(slices.Clone(decisions), func(decision state.Decision) bool { return superseded(decision, intents) })
	d := s.newDraft(state.Undo)
	if len(scripts) == 0 {
		d.takesBack = append([]uint64{id}, t.MakesAgain...)
		d.makesAgain = t.TakesBack
	}
	if len(scripts) == 0 && len(standing) == len(decisions) {
		wanted := map[string]transition{}
		for _, change := range t.Changes {
			wanted[change.Path] = transition{have: change.After, want: change.Before}
		}
		if done, err := s.exactly(d, wanted, decisions, t.Before); err != nil {
			return nil, err
		} else if done {
			return s.applyWithIntents(d, c, func(decision state.Decision) *state.Intent { return decision.Before }, decisions)
		}
	}
	for _, decision := range decisions {
		if superseded(decision, intents) {
			d.warn("%s stays as a later transaction decided", decision.Script)
		}
	}
	then, err := s.ledger.Manifest(t.Before)
	if err != nil {
		return nil, err
	}
	had := linksByScript(then)
	var flips []flip
	for _, decision := range standing {
		links := had[decision.Script]
		flips = append(flips, flip{script: decision.Script, enable: len(links) > 0, intent: decision.Before, links: links})
	}
	if err := s.decide(ctx, d, flips, c); err != nil {
		return nil, err
	}
	if len(scripts) == 0 {
		if err := s.restoreOthers(d, t.Changes, c.Force); err != nil {
			return nil, err
		}
	}
	return s.apply(d, c)
}

// Redo makes an undone transaction again.
func (s *Session) Redo(ctx context.Context, id uint64, c Changing) (*Result, error) {
	t, err := s.target(id)
	if err != nil {
		return nil, err
	}
	if undone, err := s.undone(); err != nil {
		return nil, err
	} else if !undone[id] {
		return nil, fail(Usage, "bootledger log shows which are", "transaction %d is not undone", id)
	}
	intents, err := s.intents()
	if err != nil {
		return nil, err
	}
	d := s.newDraft(state.Redo)
	d.makesAgain = append([]uint64{id}, t.MakesAgain...)
	d.takesBack = t.TakesBack
	if !slices.ContainsFunc(t.Decisions, func(decision state.Decision) bool { return superseded(decision, intents) }) {
		wanted := map[string]transition{}
		for _, change := range t.Changes {
			wanted[change.Path] = transition{have: change.Before, want: change.After}
		}
		if done, err := s.exactly(d, wanted, t.Decisions, t.After); err != nil {
			return nil, err
		} else if done {
			return s.applyWithIntents(d, c, func(decision state.Decision) *state.Intent { return decision.After }, t.Decisions)
		}
	}
	then, err := s.ledger.Manifest(t.After)
	if err != nil {
		return nil, err
	}
	had := linksByScript(then)
	var flips []flip
	for _, decision := range t.Decisions {
		links := had[decision.Script]
		flips = append(flips, flip{
			script: decision.Script, enable: decision.After == nil && len(links) > 0, intent: decision.After, links: links,
		})
	}
	if err := s.decide(ctx, d, flips, c); err != nil {
		return nil, err
	}
	if err := s.restoreOthers(d, reversedEdits(t), c.Force); err != nil {
		return nil, err
	}
	return s.apply(d, c)
}

// superseded tells a decision that a later one, about the same script, replaced.
func superseded(d state.Decision, intents map[string]*state.Intent) bool {
	now := intents[d.Script]
	return !sameDecision(now, d.Before) && !sameDecision(now, d.After)
}

// sameDecision compares intents by the transaction that took the decision: their
// links may be news. Nil equals nil only.
func sameDecision(a, b *state.Intent) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Transaction == b.Transaction
}

// applyWithIntents applies a draft that restores paths exactly, after noting
// for each decision the intent that stands again.
func (s *Session) applyWithIntents(d *draft, c Changing, side func(state.Decision) *state.Intent, decisions []state.Decision) (*Result, error) {
	intents, err := s.intents()
	if err != nil {
		return nil, err
	}
	for _, decision := range decisions {
		d.decide(decision.Script, intents[decision.Script], side(decision))
	}
	return s.apply(d, c)
}

// transition is what a path is expected to hold, and what it is to hold.
type transition struct{ have, want *state.Entry }

// exactly changes the draft so that each path holds what is wanted, if all of
// them still hold what is expected, and the scripts decided about then have the
// links that a manifest has. If not, it changes nothing and gives false.
func (s *Session) exactly(d *draft, wanted map[string]transition, decisions []state.Decision, manifest string) (bool, error) {
	for path, t := range wanted {
		node, there := d.after.Nodes[path]
		if now := record(node, there); !same(now, t.have) && !same(now, t.want) {
			return false, nil
		}
	}
	was := d.after
	d.after = was.Clone()
	var operations []state.Operation
	var dirs []string // that go if they are empty
	for path, t := range wanted {
		switch {
		case t.want != nil:
			node, err := s.recorded(t.want)
			if err != nil {
				return false, err
			}
			d.put(path, node)
		case t.have != nil && t.have.Type == string(rootfs.Dir):
			dirs = append(dirs, path)
		default:
			d.after.Remove(path)
		}
		if !same(t.have, t.want) {
			operations = append(operations, state.Operation{Op: "restore", Path: path, How: exactly})
		}
	}
	slices.Sort(dirs)
	for _, dir := range slices.Backward(dirs) { // what a directory holds comes before it
		if len(d.after.Names[dir]) == 0 {
			d.after.Remove(dir)
		}
	}
	then, err := s.ledger.Manifest(manifest)
	if err != nil || !linkedAlike(d.after, then, decisions) {
		d.after = was
		return false, err
	}
	slices.SortFunc(operations, func(a, b state.Operation) int { return strings.Compare(a.Path, b.Path) })
	d.operations = append(d.operations, operations...)
	return true, nil
}

// linkedAlike reports whether the scripts decided about have the same links in a
// tree and in a manifest.
func linkedAlike(tree boot.Tree, m state.Manifest, decisions []state.Decision) bool {
	had := linksByScript(m)
	return !slices.ContainsFunc(decisions, func(decision state.Decision) bool {
		has := linksOf(tree, decision.Script)
		slices.SortFunc(has, func(a, b lsb.Link) int { return strings.Compare(a.Path(), b.Path()) })
		return !slices.Equal(has, had[decision.Script])
	})
}

// linksByScript gives the links in a manifest by their scripts, sorted by path.
func linksByScript(m state.Manifest) map[string][]lsb.Link {
	links := map[string][]lsb.Link{}
	for _, path := range slices.Sorted(maps.Keys(m.Entries)) {
		if link, ok := linkPath(path); ok {
			links[link.Name] = append(links[link.Name], link)
		}
	}
	return links
}

// recorded rebuilds a node from its record and the ledger's blobs.
func (s *Session) recorded(e *state.Entry) (boot.Node, error) {
	restored, err := entry(e)
	if err != nil {
		return boot.Node{}, err
	}
	node := boot.Node{Entry: *restored}
	if node.SHA256 != "" {
		node.Content, err = s.ledger.Blob(node.SHA256)
	}
	return node, err
}

// flip is a script that is to be on or off, with the intent that stands
// afterwards. Links are those it is to have when it comes on.
type flip struct {
	script string
	enable bool
	intent *state.Intent
	links  []lsb.Link
}

// decide restores decisions where the recorded paths were changed by somebody
// else: scripts come on or off, and the order is computed anew.
func (s *Session) decide(ctx context.Context, d *draft, flips []flip, c Changing) error {
	method, err := s.method("")
	if err != nil {
		return err
	}
	intents, err := s.intents()
	if err != nil {
		return err
	}
	d.warn("recorded paths have changed since: the decisions are restored, the order is computed anew")
	var off []string
	var on []comeback
	for _, f := range flips {
		current := intents[f.script]
		d.decide(f.script, current, f.intent)
		switch {
		case !f.enable:
			if s.runs(f.script) {
				off = append(off, f.script)
			}
		case s.runs(f.script):
		default:
			if current != nil && len(current.Links) > 0 { // what an upgrade brought since is newer
				f.links = recordedLinks(current)
			}
			if len(f.links) > 0 { // it had links when it was disabled
				on = append(on, comeback{script: f.script, links: f.links})
			}
		}
		if f.enable && method == Links {
			d.dropParked(f.script)
		}
	}
	first := len(d.operations)
	if err := s.disable(ctx, d, method, c.Force, off); err != nil {
		return err
	}
	if err := s.enable(ctx, d, method, on); err != nil {
		return err
	}
	for i := range d.operations[first:] {
		d.operations[first+i].How = byDecision
	}
	return nil
}

// dropParked removes the parked links of a script whose runlevels have a link
// of their own again.
func (d *draft) dropParked(script string) {
	for _, live := range linksOf(d.after, script) {
		dir := ParkDir + "/" + live.Runlevel.Dir()
		for _, base := range slices.Clone(d.after.Names[dir]) {
			parked, ok := lsb.ParseLink(live.Runlevel, base)
			if ok && parked.Name == script && parked.Action == live.Action {
				d.after.Remove(dir + "/" + base)
				d.operations = append(d.operations, state.Operation{Op: "remove_file", Path: dir + "/" + base, Script: script, How: byDecision})
			}
		}
	}
}

// restoreOthers gives the paths of changes that are no links and no files of
// insserv's what they held before, unless somebody else changed them. Where it was
// a file that edits are made in, only the edits are taken back.
func (s *Session) restoreOthers(d *draft, changes []state.Change, force bool) error {
	var conflicts []string
	for _, change := range slices.Backward(changes) {
		if computed(change.Path) {
			continue
		}
		node, there := d.after.Nodes[change.Path]
		now := record(node, there)
		switch {
		case same(now, change.Before):
			continue
		case !same(now, change.After) && !force:
			patched, err := s.patch(d, change.Path, change.After, change.Before)
			if err != nil {
				return err
			}
			if patched {
				continue
			}
		}
		switch {
		case !same(now, change.After) && !force:
			conflicts = append(conflicts, rootfs.Quote(change.Path))
			continue
		case change.Before == nil:
			d.after.Remove(change.Path)
		default:
			node, err := s.recorded(change.Before)
			if err != nil {
				return err
			}
			d.put(change.Path, node)
		}
		d.operations = append(d.operations, state.Operation{Op: "restore", Path: change.Path, How: exactly})
	}
	if len(conflicts) > 0 {
		return &Error{
			Kind: Conflict, Message: "somebody else changed " + enumerate(conflicts, 4), Paths: conflicts,
			Hint: "--force records what is there and overwrites it",
		}
	}
	return nil
}

// computed tells the paths that follow from which scripts are on: links,
// parked ones, what insserv writes, and overrides.
func computed(path string) bool {
	_, isLink := linkPath(path)
	return isLink || makes(path) || strings.HasPrefix(path, boot.InitDir+"/.depend.") || strings.HasPrefix(path, boot.OverrideDir+"/")
}

// target gives a transaction that a verb may act on.
func (s *Session) target(id uint64) (state.Transaction, error) {
	t, err := s.transaction(id)
	if err == nil && t.Outcome != state.Committed {
		err = fail(NoTransaction, "name one that was committed", "transaction %d was interrupted and changed nothing", id)
	}
	return t, err
}

// decisionsAbout picks a transaction's decisions about the named scripts.
func decisionsAbout(t state.Transaction, scripts []string) ([]state.Decision, error) {
	var decisions []state.Decision
	for _, script := range scripts {
		i := slices.IndexFunc(t.Decisions, func(d state.Decision) bool { return d.Script == script })
		if i < 0 {
			return nil, fail(UnknownScript, nearMisses(script, t.Scripts, "bootledger show lists its scripts"),
				"transaction %d decided nothing about %s", t.ID, rootfs.Quote(script))
		}
		decisions = append(decisions, t.Decisions[i])
	}
	return decisions, nil
}

// undone tells which transactions were taken back and not made again.
func (s *Session) undone() (map[uint64]bool, error) {
	transactions, err := s.ledger.Transactions()
	if err != nil {
		return nil, err
	}
	return undone(transactions), nil
}

func undone(transactions []state.Transaction) map[uint64]bool {
	taken := map[uint64]bool{}
	for _, t := range transactions {
		if t.Outcome != state.Committed {
			continue
		}
		for _, id := range t.TakesBack {
			taken[id] = true
		}
		for _, id := range t.MakesAgain {
			delete(taken, id)
		}
	}
	return taken
}
