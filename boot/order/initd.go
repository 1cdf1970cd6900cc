package order

import (
	"strings"

	"github.com/bootledger/bootledger/boot/lsb"
)

// argument is a script named on the command line.
type argument struct {
	script *Script
	// start and stop replace the header's runlevels when set: NAME,start=…
	start, stop       levels
	hasStart, hasStop bool
}

// readArguments finds the scripts named. It reports false when one is missing.
func (r *run) readArguments() bool {
	for _, text := range r.call.Names {
		name, rest, _ := strings.Cut(text, ",")
		i, ok := r.scripts[name]
		if !ok || r.in.Scripts[i].dangling() {
			r.say("%s: No such file or directory", name)
			r.exit = 1
			return false
		}
		a := argument{script: &r.in.Scripts[i]}
		a.readLevels(rest)
		if _, twice := r.arguments[name]; !twice {
			r.order = append(r.order, name)
		}
		r.arguments[name] = a
	}
	return true
}

// readLevels reads "start=2 3,stop=0 1 6". Commas may stand between runlevels
// too.
func (a *argument) readLevels(text string) {
	var set *levels
	for part := range strings.SplitSeq(text, ",") {
		if value, ok := strings.CutPrefix(part, "start="); ok && !a.hasStart {
			set, a.hasStart, part = &a.start, true, value
		} else if value, ok := strings.CutPrefix(part, "stop="); ok && !a.hasStop {
			set, a.hasStop, part = &a.stop, true, value
		}
		if set != nil {
			*set |= levelsOf(lsb.Field{Value: part})
		}
	}
}

// skipped reports whether insserv passes over an entry of init.d.
func (r *run) skipped(s *Script) bool {
	switch {
	case strings.HasPrefix(s.Name, "."), !s.Regular, !s.Executable:
		return true
	case s.Symlink && s.Name != "reboot" && !strings.Contains(s.Target, "/"):
		return true
	}
	return r.names.Ignored(s.Name)
}

// scanNamed reads the scripts of the command line ahead of the others, so that
// they know of each other.
func (r *run) scanNamed() {
	if len(r.order) == 0 || r.rules.AloneNotFirst && len(r.order) == 1 {
		return
	}
	for _, name := range r.order {
		s := r.arguments[name].script
		h := r.headerOf(s)
		if h.unterminated != lsb.FromNowhere && r.refuse("script %s is broken: missing end of LSB comment.", h.script) {
			return
		}
		var first *service
		for _, token := range h.tokens(name) {
			t := r.service(token)
			if first == nil {
				first = t
			}
			r.merge(first, t)
			t.flags |= named
		}
	}
}

// scanScripts reads init.d: the first script named, then the others in
// directory order.
func (r *run) scanScripts() {
	first := ""
	if len(r.order) > 0 {
		first = r.order[0]
		r.scanScript(r.arguments[first].script)
	}
	for i := range r.in.Scripts {
		if s := &r.in.Scripts[i]; s.Name != first && !r.stopped {
			r.scanScript(s)
		}
	}
}

func (r *run) scanScript(script *Script) {
	_, isNamed := r.arguments[script.Name]
	if r.skipped(script) {
		if isNamed {
			r.say("warning: skipping script %s", script.Name)
		}
		return
	}
	h := r.headerOf(script)
	if h.unterminated != lsb.FromNowhere && r.refuse("script %s is broken: missing end of LSB comment.", h.script) {
		return
	}
	if !h.Found() {
		r.say("warning: script '%s' missing LSB tags", script.Name)
	}
	var first *service
	for _, token := range h.tokens(script.Name) {
		s := r.service(token)
		if first == nil {
			first = s
		}
		r.merge(first, s)
		if s.node.script != "" && s.node.script != script.Name {
			r.scanSecond(s, script, h, isNamed)
		} else {
			r.scanService(s, script, h, isNamed)
		}
		if r.stopped {
			return
		}
	}
}

// scanSecond is for a service that another script provides already. With -r the
// script counts under its own name, without its dependencies, so that its links
// can go.
func (r *run) scanSecond(s *service, script *Script, h *header, isNamed bool) {
	r.say("script %s: service %s already provided!", script.Name, s.name)
	r.duplicates = append(r.duplicates, Duplicate{s.name, [2]string{s.node.script, script.Name}})
	if isNamed && !r.call.Remove && r.refuse("exiting now!") {
		return
	}
	if r.call.Remove && (isNamed || r.call.Force) {
		s = r.service(script.Name)
		s.primary().flags |= already | known
		if s.node.script == "" {
			r.own(s.node, script.Name)
		}
		if s.node.script == script.Name && isNamed {
			r.nameService(s)
		}
	}
	r.setLevels(s, h, script.Name)
}

func (r *run) scanService(s *service, script *Script, h *header, isNamed bool) {
	if s.node.script == "" {
		r.own(s.node, script.Name)
	}
	if !s.has(known) {
		s.flags |= known
		if h.guessed {
			s.flags |= noHeader
		}
		r.require(s, h, lsb.RequiredStart, lsb.ShouldStart, lsb.RequiredStop, lsb.ShouldStop)
	}
	r.require(s, h, lsb.StartBefore, lsb.StopAfter)
	if h.interactive {
		s.primary().flags |= interactive
	}
	if isNamed {
		r.nameService(s)
	}
	r.setLevels(s, h, script.Name)
}

// nameService checks that a service of a script named may be had or taken away.
func (r *run) nameService(s *service) {
	s.flags |= named
	s.primary().flags |= named
	if r.call.Remove {
		r.checkRemove(s)
	} else {
		r.checkEnable(s)
	}
}

// setLevels adds the runlevels of a header to those that other scripts of the
// same service asked for, and those of the command line, which -d and -r turn
// off. Those of a service with links stay as they are unless -d or the command
// line says otherwise; -r turns -d off as well.
func (r *run) setLevels(s *service, h *header, script string) {
	var arg argument
	if !r.call.Defaults && !r.call.Remove {
		arg = r.arguments[script]
	}
	linked := s.primary().has(enabled) || s.has(enabled)
	if linked && (!r.call.Defaults || r.call.Remove) && !arg.hasStart && !arg.hasStop {
		return
	}
	add := func(m mode, header, asked levels, given bool) {
		side := s.side(m)
		if !linked || !given {
			side.levels |= header
		}
		if given && r.call.Force && r.rules.ForceLevels {
			side.levels = 0
		}
		side.levels |= asked
	}
	add(starting, h.start, arg.start, arg.hasStart)
	add(stopping, h.stop, arg.stop, arg.hasStop)
}
