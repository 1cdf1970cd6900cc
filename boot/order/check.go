package order

import "github.com/bootledger/bootledger/boot/lsb"

// checkNamed refuses to enable a script whose required ones are not enabled, and
// to remove one that an enabled script requires.
func (r *run) checkNamed(s *service, h *header) {
	if r.call.Remove {
		return
	}
	for _, token := range h.lists[lsb.RequiredStart] {
		members := []lsb.Member{{Name: token}}
		if isFacility(token) {
			members, _ = r.facilities.Members(token)
		}
		for _, m := range members {
			if m.Optional || m.Name[0] == '+' {
				continue
			}
			t := r.service(m.Name)
			if t.has(enabled|named) || t.primary().has(enabled|named) {
				continue
			}
			r.missing = append(r.missing, Missing{Script: h.script, Service: m.Name})
			if !r.call.Force || r.rules.ForceTells {
				r.say("FATAL: service %s has to be enabled to use service %s", m.Name, s.name)
			}
			if !r.call.Force {
				r.exit = 1
			}
		}
	}
}

func (r *run) checkAll() {
}
