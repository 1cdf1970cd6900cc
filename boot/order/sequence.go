package order

// visit is the state of a node's side while the graph is followed.
type visit struct {
	open     bool // on the way
	looped   bool // named in a report of a loop
	reported bool // "loop involving" was said
}

type warnings struct{ deep bool }

// number gives every node its sequence: one more than the highest of those
// before it that share a runlevel.
func (r *run) number() {
	for _, n := range r.nodes {
		r.follow(n, nil, n.sides[starting].atLeast, starting)
		r.follow(n, nil, n.sides[stopping].atLeast, stopping)
	}
	for _, n := range r.nodes {
		if n.script == "" {
			r.missingNodes = append(r.missingNodes, n)
		}
	}
	r.guess(starting)
	r.guess(stopping)
	r.numbered = true
}

// guess gives names without script a place right before what comes after them,
// unless nothing changed that their places depend on.
func (r *run) guess(m mode) {
	if r.settled[m] {
		return
	}
	r.settled[m] = true
	for _, n := range r.missingNodes {
		s := &n.sides[m]
		depth, all := s.depth, s.levels
		n.guess(m)
		if s.depth != depth || s.levels != all {
			r.settled[m] = false
		}
		s.decides = true
		for _, t := range s.links {
			t.sides[m].decides = true
		}
	}
}

// follow raises the sequences of what comes after root. parent is the node
// that root was reached from, nil at the beginning.
//
// The walk goes along the first link of each node, so that a name without
// script is passed through, and calls itself for every other link; that some
// links are not looked at is insserv's own way.
func (r *run) follow(root, parent *node, level int, m mode) {
	top := &root.sides[m]
	if top.open {
		r.loop(root, parent, parent, m)
		return
	}
	depth := max(level, top.atLeast)
	if depth > lastSequence {
		r.tooDeep()
		return
	}
	for n, count := root, 0; n != nil; count++ {
		if count > lastSequence {
			r.loop(n, parent, parent, m)
			return
		}
		s := &n.sides[m]
		var next *node
		if len(s.links) > 0 {
			next = s.links[0]
		}
		if top.levels&s.levels == 0 {
			n = next
			continue
		}
		if n == parent {
			r.loop(n, parent, parent, m)
			return
		}
		depth = max(depth, s.depth)
		if s.decides && s.depth != depth {
			r.settled[m] = false
		}
		s.depth = depth
		if s.levels&normalLevels != 0 {
			r.deepest[m] = max(r.deepest[m], depth)
		}
		if next == nil {
			return
		}
		depth++
		if depth > lastSequence {
			r.tooDeep()
			return
		}
		if !r.followLinks(root, n, parent, depth, m) {
			if !s.reported && !r.numbered {
				s.reported = true
				r.looped = true
				r.say(" loop involving service %s at depth %d", n.first.name, level)
			}
			return
		}
		n = next
	}
}

// followLinks follows the links of n; false when that ran into a loop.
func (r *run) followLinks(root, n, parent *node, depth int, m mode) bool {
	top, s := &root.sides[m], &n.sides[m]
	s.open = true
	defer func() { s.open = false }()
	for _, t := range s.links {
		to := &t.sides[m]
		if top.levels&to.levels == 0 {
			continue
		}
		if t == n || t == root {
			break
		}
		if t == parent {
			r.loop(parent, n, parent, m)
			return false
		}
		if m == stopping && t.first.has(wantsFirst) {
			r.say("service %s must be stopped before %s", n.first.name, t.first.name)
			continue
		}
		if m == starting && n.first.has(wantsAll) {
			r.say("service %s must be started after %s", n.first.name, t.first.name)
			if !r.rules.AllLoops {
				continue
			}
		}
		if to.depth >= depth {
			continue
		}
		r.follow(t, n, depth, m)
		if to.looped || s.looped || parent != nil && parent.sides[m].looped {
			return false
		}
	}
	return true
}

func (r *run) tooDeep() {
	if !r.warned.deep {
		r.warned.deep = true
		r.say("Max recursions depth %d reached", lastSequence)
	}
}

// guess gives a name without script a place right before what comes after it.
func (n *node) guess(m mode) {
	s := &n.sides[m]
	if len(s.links) == 0 {
		s.levels |= bootLevel
		return
	}
	least := lastSequence + 1
	var all levels
	for _, t := range s.links {
		least = min(least, t.sides[m].depth)
		all |= t.sides[m].levels
	}
	if least > 1 {
		s.depth = least - 1
		s.levels |= all
	} else {
		s.levels = bootLevel
	}
}

// separateInteractive moves the other scripts out of the sequence of each
// interactive one.
func (r *run) separateInteractive() {
	for depth := range lastSequence + 1 {
		for _, s := range r.services {
			own := s.side(starting)
			if s.has(alias) || !s.has(interactive) || s.node.script == "" || own.depth != depth {
				continue
			}
			for _, o := range r.services {
				other := o.side(starting)
				if o == s || o.has(alias) || o.node.script == "" || other.depth != depth || other.levels&own.levels == 0 {
					continue
				}
				other.atLeast = depth + 1
				r.follow(o.node, nil, other.atLeast, starting)
				r.guess(starting)
			}
		}
	}
}
