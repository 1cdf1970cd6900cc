package order

import (
	"strings"

	"github.com/bootledger/bootledger/boot/lsb"
)

// entryName takes an entry of a runlevel directory apart. Two digits are
// skipped before the name, but the sequence is the whole number: "S123a" is 123
// and "3a".
func entryName(base string) (action lsb.Action, sequence int, name string, ok bool) {
	if len(base) < 3 || base[0] != 'S' && base[0] != 'K' || !isDigit(base[1]) || !isDigit(base[2]) {
		return 0, 0, "", false
	}
	for i := 1; i < len(base) && isDigit(base[i]) && sequence < 1e6; i++ {
		sequence = sequence*10 + int(base[i]-'0')
	}
	return lsb.Action(base[0]), sequence, base[3:], true
}

// baseName gives what follows the last slash.
func baseName(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// scanLinks reads from the runlevel directories what is enabled.
func (r *run) scanLinks() {
	for _, level := range scanOrder {
		for _, l := range r.in.Links[level] {
			action, sequence, name, ok := entryName(l.Base)
			switch {
			case !ok:
			case l.Dangling && l.Symlink:
				r.directories[level].holds[l.Base] = false // at once, whatever happens later
			case !l.Symlink:
				r.say("warning: script is corrupt or invalid: %s/%s", "../"+level.Dir(), l.Base)
			default:
				h := r.headerOfLink(l)
				if h.unterminated != lsb.FromNowhere && r.refuse("script %s is broken: missing end of LSB comment.", h.script) {
					return
				}
				r.scanLink(levelOf(level), action, sequence, name, h)
			}
		}
	}
}

func (r *run) scanLink(level levels, action lsb.Action, sequence int, name string, h *header) {
	var first *service
	for _, token := range h.tokens(name) {
		s := r.service(token)
		if first == nil {
			first = s
		}
		if action == lsb.Stop {
			if s.stop == 0 || sequence < s.stop {
				s.stop = sequence
			}
			s.side(stopping).levels |= level
		} else {
			s.start = max(s.start, sequence)
			s.side(starting).levels |= level
		}
		r.merge(first, s)
		if s.node.script == "" {
			r.own(s.node, h.script)
		}
		if s.node.script != h.script {
			continue
		}
		s.refs++
		if s.has(known) {
			continue
		}
		s.flags |= known | enabled
		if h.guessed {
			s.flags |= noHeader
		}
		r.require(s, h, lsb.RequiredStart, lsb.ShouldStart, lsb.StartBefore,
			lsb.RequiredStop, lsb.ShouldStop, lsb.StopAfter)
		if h.interactive {
			s.flags |= interactive
		}
	}
}
