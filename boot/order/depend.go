package order

import (
	"slices"

	"github.com/bootledger/bootledger/boot/lsb"
)

// writeDepend makes the three files that startpar reads.
func (r *run) writeDepend() {
	boot := lsb.Depend{HasInteractive: true}
	start := lsb.Depend{HasInteractive: true}
	stop := lsb.Depend{}

	r.sort(starting)
	for _, n := range r.nodes {
		if !n.listed() {
			continue
		}
		l := n.sides[starting].levels
		if l&bootLevel != 0 {
			boot.Targets = append(boot.Targets, n.script)
		}
		if l&normalLevels != 0 {
			start.Targets = append(start.Targets, n.script)
		}
		if l == 0 {
			continue
		}
		file := &start
		if l&bootLevel != 0 {
			file = &boot
		}
		if n.first.has(interactive) && len(n.first.requires) > 0 {
			file.Interactive = append(file.Interactive, n.script)
		}
		if after := r.ruleOf(n, starting); len(after) > 0 {
			file.Rules = append(file.Rules, lsb.DependRule{Script: n.script, After: after})
		}
	}

	r.sort(stopping)
	for _, n := range r.nodes {
		l := n.sides[stopping].levels
		if !n.listed() || l&normalLevels == 0 {
			continue
		}
		stop.Targets = append(stop.Targets, n.script)
		if l&bootLevel != 0 {
			continue
		}
		if after := r.ruleOf(n, stopping); len(after) > 0 {
			stop.Rules = append(stop.Rules, lsb.DependRule{Script: n.script, After: after})
		}
	}
	r.result.Depend = map[string][]byte{
		".depend.boot":  boot.Bytes(),
		".depend.start": start.Bytes(),
		".depend.stop":  stop.Bytes(),
	}
}

func (n *node) listed() bool { return n.script != "" && n.first.refs > 0 }

// sort orders the nodes by sequence. Those with a higher one than any script of
// the runlevels 0 to 6 stay as they were, behind the others.
func (r *run) sort(m mode) {
	deepest := r.deepest[m]
	slices.SortStableFunc(r.nodes, func(a, b *node) int {
		return min(a.sides[m].depth, deepest+1) - min(b.sides[m].depth, deepest+1)
	})
	if !r.rules.MinimalRules {
		return
	}
	for _, n := range r.nodes {
		list := &n.first.requires
		if m == stopping {
			list = &n.first.stopsAfter
		}
		*list = minimal(*list, m, deepest)
	}
}

// minimal resolves second names, drops repeats, and puts those with the highest
// sequence first.
func minimal(list []entry, m mode, deepest int) []entry {
	seen := make(map[*service]bool, len(list))
	kept := list[:0]
	for _, e := range list {
		e.to = e.to.primary()
		if !seen[e.to] {
			seen[e.to] = true
			kept = append(kept, e)
		}
	}
	key := func(e entry) int {
		if depth := e.to.side(m).depth; depth <= deepest {
			return deepest - depth
		}
		return deepest + 1
	}
	slices.SortStableFunc(kept, func(a, b entry) int { return key(a) - key(b) })
	return kept
}

// printedLimit is how many dependencies of a rule insserv remembers.
const printedLimit = 100

// ruleOf lists the scripts in the rule of a node.
func (r *run) ruleOf(n *node, m mode) []string {
	s := n.first
	list := s.requires
	if m == stopping {
		list = s.stopsAfter
	}
	if m == starting && r.rules.AllAfterwards && s.has(wantsAll) { // it has no edges to them
		list = nil
		for _, o := range r.services {
			list = append(list, entry{to: o})
		}
	}
	var after []string
	var printed []*service
	for _, e := range list {
		to := e.to
		if to.has(alias) || to.refs <= 0 || to.node.script == "" ||
			to.side(m).levels&s.side(m).levels == 0 ||
			m == starting && (to == s || to.has(wantsAll)) {
			continue
		}
		if r.rules.MinimalRules {
			if r.redundant(s, to, printed, m) {
				continue
			}
			if len(printed) < printedLimit {
				printed = append(printed, to)
			}
		}
		after = append(after, to.node.script)
	}
	return after
}

// redundant reports whether a dependency that is already printed depends on to
// itself.
func (r *run) redundant(s, to *service, printed []*service, m mode) bool {
	for _, p := range printed {
		if p.side(m).depth <= to.side(m).depth {
			return false
		}
		if r.lists(p, to, m) && to.side(starting).levels&s.side(starting).levels != 0 {
			return true
		}
	}
	return false
}

// lists reports whether p's list holds to.
func (r *run) lists(p, to *service, m mode) bool {
	list := p.requires
	if m == stopping {
		list = p.stopsAfter
	}
	return slices.ContainsFunc(list, func(e entry) bool { return e.to == to })
}
