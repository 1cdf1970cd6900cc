package order

// loop reports a loop between a and b, one of which is parent, the node that the
// other was reached from; nil if it was reached from none. A node is to blame for
// one loop at most, the parent first.
func (r *run) loop(a, b, parent *node, m mode) {
	verb := "started"
	if m == stopping {
		verb = "stopped"
	}
	other := a
	if a == parent {
		other = b
	}
	for _, n := range []*node{parent, other} {
		if n == nil || n.sides[m].looped {
			continue
		}
		n.sides[m].looped = true
		if a == b || b == nil {
			r.say("There is a loop at service %s if %s", n.first.name, verb)
			r.loops = append(r.loops, Loop{Stop: m == stopping, Services: []string{n.first.name}})
			return
		}
		r.say("There is a loop between service %s and %s if %s", a.first.name, b.first.name, verb)
		r.loops = append(r.loops, Loop{Stop: m == stopping, Services: []string{a.first.name, b.first.name}})
		return
	}
}

// refuseLoops gives up when there are loops, unless forced, and when there are
// more steps than sequences.
func (r *run) refuseLoops() {
	if r.looped {
		r.refuse("exiting now without changing boot order!")
	}
}
