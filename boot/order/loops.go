package order

// loop reports a loop between two nodes, each at most once.
func (r *run) loop(first, second *node, m mode) {
	verb := "started"
	if m == stopping {
		verb = "stopped"
	}
	for _, n := range []*node{first, second} {
		if n == nil || n.sides[m].looped {
			continue
		}
		n.sides[m].looped = true
		if first == second || first == nil || second == nil {
			r.say("There is a loop at service %s if %s", n.first.name, verb)
			r.loops = append(r.loops, Loop{Stop: m == stopping, Services: []string{n.first.name}})
			return
		}
		r.say("There is a loop between service %s and %s if %s", second.first.name, first.first.name, verb)
		r.loops = append(r.loops, Loop{Stop: m == stopping, Services: []string{second.first.name, first.first.name}})
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
