package order

import (
	"strings"

	"github.com/bootledger/bootledger/boot/lsb"
)

// require adds the dependencies of the keys of a header to s, one of the names
// that the header's script provides.
func (r *run) require(s *service, h *header, keys ...lsb.Key) {
	for _, key := range keys {
		required := key == lsb.RequiredStart || key == lsb.RequiredStop
		for _, token := range h.lists[key] {
			r.requireToken(s, h, key, token, required)
		}
	}
}

func (r *run) requireToken(s *service, h *header, key lsb.Key, token string, required bool) {
	from := reason{key: key, owner: h.script}
	if !isFacility(token) {
		name, optional := strings.CutPrefix(token, "+")
		r.requireName(s, name, required && !optional, from)
		return
	}
	switch {
	case strings.EqualFold(token, "$null"):
		return
	case strings.EqualFold(token, "$all"):
		switch key {
		case lsb.RequiredStart, lsb.ShouldStart:
			s.primary().flags |= wantsAll
		case lsb.RequiredStop, lsb.ShouldStop:
			s.primary().flags |= wantsFirst
		}
		return
	}
	members, ok := r.facilities.Members(token)
	if !ok {
		return
	}
	from.facility = token
	for _, m := range members {
		r.requireName(s, m.Name, required && !m.Optional, from)
	}
}

func (r *run) requireName(s *service, name string, required bool, from reason) {
	t := r.service(name)
	switch from.key {
	case lsb.RequiredStart, lsb.ShouldStart:
		r.requireStart(s, t, required, from)
	case lsb.StartBefore:
		r.requireStart(t, s, false, from)
	case lsb.RequiredStop, lsb.ShouldStop:
		r.requireStop(s, t, required, from)
	case lsb.StopAfter:
		r.requireStop(t, s, false, from)
	}
}
