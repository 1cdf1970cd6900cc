package snapshot

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/order"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/state"
)

// bridge keeps the order among the scripts that stay. All that startpar knows
// of a script is which others it waits for: when one of those goes, so does the
// order between what came before and after it. Without umountroot, halt waits
// for nothing and ends the guest under running daemons. So each script that
// waits for one that the draft holds disabled gets an override: it waits for
// what that one waited for, and for that one itself only if it is there.
//
// All overrides are computed anew each time, from the headers that would be in
// force without them: an upgrade may have changed those.
func (s *Session) bridge(ctx context.Context, d *draft) error {
	gone, err := s.gone(d)
	if err != nil {
		return err
	}
	tree, err := s.withoutOverrides(d.after)
	if err != nil {
		return err
	}
	whole, err := s.native.Run(ctx, tree, append([]string{"-f"}, gone...))
	if err != nil {
		return err
	}
	rest := map[string][]byte{} // what insserv would write without those
	if len(gone) > 0 {
		rest = order.Run(s.native.Rules, whole.Tree.OrderInput(), order.Call{Names: gone, Remove: true, Force: true}).Depend
	}
	c := boot.FromTree(tree)
	lost := map[string]map[lsb.Key][]string{}
	for _, file := range lsb.DependFiles {
		key := lsb.ShouldStart
		if file == ".depend.stop" {
			key = lsb.StopAfter
		}
		before := whole.Tree.Nodes[boot.InitDir+"/"+file].Content
		after, written := rest[file]
		if !written {
			after = before
		}
		for script, others := range lostOrder(orderIn(before), orderIn(after), gone) {
			if lost[script] == nil {
				lost[script] = map[lsb.Key][]string{}
			}
			for _, other := range others {
				lost[script][key] = append(lost[script][key], service(c, other))
			}
		}
	}
	before := d.after
	d.after = tree
	for _, script := range c.Scripts {
		if err := d.override(c, script, gone, lost[script.Name]); err != nil {
			return err
		}
	}
	d.noteOverrides(before)
	return nil
}

// override writes the override of a script, if it needs one: for what its
// header requires of what is gone, and for the order that is lost.
func (d *draft) override(c *boot.Configuration, script boot.Script, gone []string, lost map[lsb.Key][]string) error {
	if !script.Header.Found() || slices.Contains(gone, script.Name) {
		return nil
	}
	var required, optional []string
	for _, name := range script.Header.RequiredStart.Names() {
		if slices.ContainsFunc(gone, func(g string) bool { return slices.Contains(c.Script(g).Header.Provides.Names(), name) }) {
			optional = append(optional, name)
		} else {
			required = append(required, name)
		}
	}
	values := map[lsb.Key]string{}
	if len(optional) > 0 {
		values[lsb.RequiredStart] = strings.Join(required, " ")
	}
	for key, names := range map[lsb.Key][]string{
		lsb.ShouldStart: append(optional, lost[lsb.ShouldStart]...), lsb.StopAfter: lost[lsb.StopAfter],
	} {
		if len(names) > 0 {
			values[key] = strings.Join(append(script.Header.Field(key).Names(), names...), " ")
		}
	}
	if len(values) == 0 {
		return nil
	}
	text, err := lsb.Override(c.HeaderText(script.Name), values)
	if err != nil {
		return err
	}
	d.mkdir(path.Dir(boot.OverrideDir))
	d.mkdir(boot.OverrideDir)
	d.after.Write(c.Override(script.Name), text)
	return nil
}

// noteOverrides adds the operations that made the draft's overrides of those in
// the tree before.
func (d *draft) noteOverrides(before boot.Tree) {
	for _, change := range difference(before, d.after) {
		op := state.Operation{Op: "write_file", Path: change.Path, Script: path.Base(change.Path)}
		if change.After == nil {
			op.Op = "remove_file"
		} else if change.After.Type == string(rootfs.Dir) {
			continue
		}
		d.operations = append(d.operations, op)
	}
}

// withoutOverrides gives a tree in which each override that transactions wrote
// holds again what it held before the first of them. What somebody changed
// since is theirs and stays.
func (s *Session) withoutOverrides(tree boot.Tree) (boot.Tree, error) {
	transactions, err := s.ledger.Transactions()
	if err != nil {
		return boot.Tree{}, err
	}
	tree = tree.Clone()
	first, last := map[string]*state.Entry{}, map[string]*state.Entry{}
	for _, t := range transactions {
		for _, change := range t.Changes {
			if path.Dir(change.Path) != boot.OverrideDir || t.Outcome != state.Committed {
				continue
			}
			if written, known := last[change.Path]; !known || !same(written, change.Before) {
				first[change.Path] = change.Before
			}
			last[change.Path] = change.After
		}
	}
	for file, written := range last {
		node, there := tree.Nodes[file]
		switch before := first[file]; {
		case !same(record(node, there), written):
		case before == nil:
			tree.Remove(file)
		default:
			if node, err = s.recorded(before); err != nil {
				return boot.Tree{}, err
			}
			tree.Put(file, node)
		}
	}
	return tree, nil
}

// gone lists the scripts that are installed and that the intents, as the draft
// leaves them, took out of the boot.
func (s *Session) gone(d *draft) ([]string, error) {
	intents, err := s.intents()
	if err != nil {
		return nil, err
	}
	for _, decision := range d.decisions {
		intents[decision.Script] = decision.After
	}
	var gone []string
	for script, intent := range intents {
		if _, installed := d.after.Nodes[boot.InitDir+"/"+script]; installed && intent != nil && len(intent.Links) > 0 {
			gone = append(gone, script)
		}
	}
	slices.Sort(gone)
	return gone, nil
}

// service gives the name by which headers speak of a script.
func service(c *boot.Configuration, script string) string {
	if names := c.Script(script).Header.Provides.Names(); len(names) > 0 {
		return names[0]
	}
	return script
}

// waits is the content of a .depend file: scripts in the order of their
// sequence, and which others each waits for.
type waits struct {
	scripts []string
	after   map[string][]string
}

// orderIn reads a .depend file. One that insserv did not write orders nothing.
func orderIn(text []byte) waits {
	depend, _ := lsb.ParseDepend(text)
	w := waits{scripts: depend.Targets, after: map[string][]string{}}
	for _, rule := range depend.Rules {
		w.after[rule.Script] = rule.After
	}
	return w
}

// lostOrder gives, for each script, the fewest others that it waited for by way
// of scripts that are gone, and no longer waits for in the rest.
func lostOrder(whole, rest waits, gone []string) map[string][]string {
	lost := map[string][]string{}
	for _, script := range whole.scripts {
		if slices.Contains(gone, script) {
			continue
		}
		before := whole.before(script, func(other string) bool { return slices.Contains(gone, other) })
		for _, other := range slices.Backward(whole.scripts) { // the latest one may wait for the others
			if before[other] && !slices.Contains(gone, other) && !rest.before(script, nil)[other] {
				rest.after[script] = append(rest.after[script], other)
				lost[script] = append(lost[script], other)
			}
		}
	}
	return lost
}

// before gives what has to have run before a script, as far as that follows
// from what the script waits for and from what those wait for that through
// accepts; nil accepts all.
func (w waits) before(script string, through func(string) bool) map[string]bool {
	seen := map[string]bool{}
	var follow func(string)
	follow = func(script string) {
		for _, other := range w.after[script] {
			if seen[other] {
				continue
			}
			seen[other] = true
			if through == nil || through(other) {
				follow(other)
			}
		}
	}
	follow(script)
	return seen
}
