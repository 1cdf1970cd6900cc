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
			r.requireToken(s, key, token, required)
		}
	}
}

func (r *run) requireToken(s *service, key lsb.Key, token string, required bool) {
	if !isFacility(token) {
		name, optional := strings.CutPrefix(token, "+")
		r.requireName(s, key, name, required && !optional)
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
	for _, m := range members {
		r.requireName(s, key, m.Name, required && !m.Optional)
	}
}

func (r *run) requireName(s *service, key lsb.Key, name string, required bool) {
	t := r.service(name)
	switch key {
	case lsb.RequiredStart, lsb.ShouldStart:
		r.requireStart(s, t, required)
	case lsb.StartBefore:
		r.requireStart(t, s, false)
	case lsb.RequiredStop, lsb.ShouldStop:
		r.requireStop(s, t, required)
	case lsb.StopAfter:
		r.requireStop(t, s, false)
	}
}
