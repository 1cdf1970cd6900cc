package snapshot

import (
	"context"
	"slices"
	"strings"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/state"
)

// The ways to take a script out of a boot.
const (
	// Links moves a script's links to ParkDir, under their own names: the name
	// holds the sequence and the directory the runlevel, so that moving a link
	// back restores both. It fits guests whose links have fixed numbers.
	Links = "links"
	// Insserv has insserv take all links of the scripts away and number the
	// others anew.
	Insserv = "insserv"
	// Override is Insserv with overrides for the scripts that waited for one of
	// those: it keeps the order among the scripts that stay where startpar
	// boots, which knows no numbers.
	Override = "override"
)

// ParkDir is where links go under the method Links, in a directory for each
// runlevel.
const ParkDir = "/etc-before-lxc"

// linksOf lists the links of a script in the runlevel directories of a tree.
func linksOf(tree boot.Tree, script string) []lsb.Link {
	var links []lsb.Link
	for _, level := range lsb.AllRunlevels {
		for _, base := range tree.Names["/etc/"+level.Dir()] {
			if link, ok := lsb.ParseLink(level, base); ok && link.Name == script {
				links = append(links, link)
			}
		}
	}
	return links
}

func paths(links []lsb.Link) []string {
	list := make([]string, 0, len(links))
	for _, link := range links {
		list = append(list, link.Path())
	}
	return list
}

// disable takes scripts out of the draft's boot. Scripts without links are left
// as they are.
func (s *Session) disable(ctx context.Context, d *draft, method string, force bool, scripts []string) error {
	if method == Links {
		for _, script := range scripts {
			for _, link := range linksOf(d.after, script) {
				if err := d.park(link, force); err != nil {
					return err
				}
			}
		}
		return nil
	}
	// One missing name makes insserv refuse all of them.
	names := slices.DeleteFunc(slices.Clone(scripts), func(script string) bool {
		_, exists := d.after.Nodes[boot.InitDir+"/"+script]
		return !exists || len(linksOf(d.after, script)) == 0
	})
	if len(names) == 0 {
		return nil
	}
	if method == Override {
		if err := s.bridge(ctx, d); err != nil {
			return err
		}
	}
	if err := d.insserv(ctx, s, append([]string{"-f", "-r"}, names...)...); err != nil {
		return err
	}
	for _, script := range names {
		if left := linksOf(d.after, script); len(left) > 0 {
			d.warn("insserv left %s in place", strings.Join(paths(left), ", "))
		}
	}
	return nil
}

// park moves a link to ParkDir. A link of the same script, runlevel and action
// that is parked there under an older number makes room.
func (d *draft) park(link lsb.Link, force bool) error {
	from := link.Path()
	dir := ParkDir + "/" + link.Runlevel.Dir()
	to := dir + "/" + link.Base()
	node := d.after.Nodes[from]
	if parked, there := d.after.Nodes[to]; there && !parked.Same(node.Entry) && !force {
		return &Error{
			Kind: Conflict, Message: rootfs.Quote(to) + " is in the way of " + rootfs.Quote(from), Paths: []string{to},
			Hint: "--force records what is there and overwrites it",
		}
	}
	for _, base := range slices.Clone(d.after.Names[dir]) {
		other, ok := lsb.ParseLink(link.Runlevel, base)
		if ok && other.Name == link.Name && other.Action == link.Action && base != link.Base() {
			d.after.Remove(dir + "/" + base)
		}
	}
	d.after.Remove(from)
	d.put(to, node)
	d.operations = append(d.operations, state.Operation{Op: "move_link", Path: from, To: to, Script: link.Name})
	return nil
}

// comeback is what enable is to do for one script.
type comeback struct {
	script string
	links  []lsb.Link // the links to have again; none: those the header asks for
}

// enable puts scripts back into the draft's boot. A link that is there already
// in its runlevel, under whatever number, stays.
func (s *Session) enable(ctx context.Context, d *draft, method string, comebacks []comeback) error {
	var names []string
	for _, c := range comebacks {
		if _, exists := d.after.Nodes[boot.InitDir+"/"+c.script]; !exists && method != Links {
			d.warn("%s is not installed any more: there is nothing to enable", rootfs.Quote(c.script))
			continue
		}
		if method == Links && len(c.links) == 0 {
			c.links = d.fixedLinks(c.script)
		}
		for _, link := range c.links {
			d.putBack(link)
		}
		names = append(names, c.script)
	}
	if method == Override {
		before := len(d.operations)
		if err := s.bridge(ctx, d); err != nil {
			return err
		}
		if len(d.operations) > before { // insserv has to read the overrides, whatever it is told to enable
			return d.insserv(ctx, s, append([]string{"-f"}, names...)...)
		}
	}
	if method == Links || len(names) == 0 {
		return nil
	}
	return d.insserv(ctx, s, append([]string{"-f"}, names...)...)
}

// putBack moves a link back from ParkDir, or makes it anew if it is not there.
func (d *draft) putBack(link lsb.Link) {
	parked := ParkDir + "/" + link.Runlevel.Dir() + "/" + link.Base()
	node, isParked := d.after.Nodes[parked]
	if isParked {
		d.after.Remove(parked)
	}
	for _, live := range linksOf(d.after, link.Name) {
		if live.Runlevel == link.Runlevel && live.Action == link.Action {
			return
		}
	}
	if isParked {
		d.operations = append(d.operations, state.Operation{
			Op: "move_link", Path: parked, To: link.Path(), Script: link.Name, How: byDecision,
		})
	} else {
		node = boot.Node{Entry: rootfs.Entry{Type: rootfs.Symlink, Mode: 0o777, Target: "../init.d/" + link.Name}}
	}
	d.put(link.Path(), node)
}

// fixedLinks says which links a script gets that has none on record: the parked
// ones, else one for each runlevel of its header with the sequence 20, as
// update-rc.d(8) of a guest with fixed links does by default.
func (d *draft) fixedLinks(script string) []lsb.Link {
	var links []lsb.Link
	for _, level := range lsb.AllRunlevels {
		for _, base := range d.after.Names[ParkDir+"/"+level.Dir()] {
			if link, ok := lsb.ParseLink(level, base); ok && link.Name == script {
				links = append(links, link)
			}
		}
	}
	if len(links) > 0 {
		return links
	}
	header := boot.FromTree(d.after).Script(script).Header
	start, _ := header.DefaultStart.Runlevels()
	for _, level := range start {
		links = append(links, lsb.Link{Runlevel: level, Action: lsb.Start, Sequence: 20, Name: script})
	}
	stop, _ := header.DefaultStop.Runlevels()
	for _, level := range stop {
		links = append(links, lsb.Link{Runlevel: level, Action: lsb.Stop, Sequence: 20, Name: script})
	}
	return links
}
