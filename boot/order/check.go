package order

import "strings"

// checkEnable refuses to enable s without what it requires.
func (r *run) checkEnable(s *service) {
	for _, e := range s.primary().requires {
		if e.required && !e.to.has(enabled|named) && !e.to.primary().has(enabled|named) {
			r.refuseDependency(e.to, s)
		}
	}
}

// checkRemove refuses to remove s while an enabled script that stays requires
// it.
func (r *run) checkRemove(s *service) {
	if r.requiredBy == nil {
		r.requiredBy = map[*service][]*service{}
		for _, o := range r.services {
			for _, e := range o.requires {
				if e.required && o.has(enabled) && !o.has(named) {
					r.requiredBy[e.to] = append(r.requiredBy[e.to], o)
				}
			}
		}
	}
	for _, o := range r.requiredBy[s] {
		r.refuseDependency(s, o)
	}
}

func (r *run) refuseDependency(required, by *service) {
	r.missing = append(r.missing, Missing{
		Script: by.node.script, Service: required.name, Exists: required.node.script != "",
	})
	if r.call.Force && !r.rules.ForceTells {
		return
	}
	if r.rules.CheckAtOnce {
		r.say("Service %s has to be enabled to start service %s", required.name, by.name)
	} else {
		r.say("FATAL: service %s has to be enabled to use service %s", required.name, by.name)
	}
	if !r.call.Force {
		r.failed = true
		r.stopped = r.rules.CheckAtOnce
	}
}

// checkAll refuses when an enabled script requires what does not exist, or is
// not started in all of its runlevels.
func (r *run) checkAll() {
	if r.rules.CheckAll && !r.call.Force && !r.call.Remove {
		for _, s := range r.services {
			if s.has(enabled|named) && !s.has(alias) {
				r.checkService(s)
			}
		}
	}
	if r.failed {
		r.refuse("exiting now!")
	}
}

func (r *run) checkService(s *service) {
	for _, e := range s.requires {
		if !e.required {
			continue
		}
		x := e.to.primary()
		if !x.has(known) {
			if s.has(enabled) && !s.has(named) {
				r.failed = true
				r.missing = append(r.missing, Missing{Script: s.node.script, Service: e.to.name})
				r.say("FATAL: service %s has to exist for service %s", e.to.name, s.name)
			}
			continue
		}
		have := x.side(starting).levels
		if have&bootLevel != 0 && s.side(starting).levels&bootLevel == 0 {
			have |= normalLevels
		}
		lacking := s.side(starting).levels &^ have
		if x.has(enabled) && lacking != 0 {
			r.failed = true
			list := lacking.runlevels()
			words := make([]string, len(list))
			for i, level := range list {
				words[i] = level.String()
			}
			r.missing = append(r.missing, Missing{Script: s.node.script, Service: e.to.name, Exists: true, Levels: list})
			r.say("FATAL: service %s is missed in the runlevels %s to use service %s", e.to.name, strings.Join(words, " "), s.name)
		}
	}
}
