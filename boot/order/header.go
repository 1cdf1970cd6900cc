package order

import (
	"github.com/bootledger/bootledger/boot/lsb"
)

// header is the header in force of a script, with the defaults filled in that
// insserv takes for a missing one.
type header struct {
	lsb.Header
	// unterminated is the place of a header without last line.
	unterminated lsb.Source
	script       string // name of the script
	guessed      bool   // there is none: defaults stand in for it
	interactive  bool
	start, stop  levels
	provides     bool     // there are names, even if they cannot be
	names        []string // provided, without those that cannot be
	lists        map[lsb.Key][]string
}

// headerOfLink reads the header of the script that a link leads to.
func (r *run) headerOfLink(l LinkEntry) *header {
	script := baseName(l.Target)
	if l.Text == nil {
		if i, ok := r.scripts[script]; ok {
			return r.headerOf(&r.in.Scripts[i])
		}
	}
	return r.readHeader(script, l.Real, l.Text)
}

// headerOf reads the header of a script, once.
func (r *run) headerOf(s *Script) *header {
	h, ok := r.headers[s.Name]
	if !ok {
		h = r.readHeader(s.Name, s.Real, s.Text)
		r.headers[s.Name] = h
	}
	return h
}

// Defaults for a script without header.
const (
	defaultRequired = "$remote_fs $syslog"
	defaultStart    = "2 3 4 5"
	defaultStop     = "0 1 6"
)

func (r *run) readHeader(script, realName string, text []byte) *header {
	if realName == "" {
		realName = script
	}
	h := &header{script: script, lists: map[lsb.Key][]string{}}
	h.Header, _, h.unterminated = lsb.Texts{
		Script: text,
		Vendor: r.in.VendorOverrides[realName],
		Local:  r.in.LocalOverrides[realName],
		Known:  r.in.Headers,
	}.InForce(r.rules.ScriptFirst)
	if r.rules.ExactInteractive {
		h.Interactive = h.ExactInteractive
	}
	h.interactive = h.Interactive.Value == "true"
	if !h.Found() && (r.rules.HeaderDefaults || r.rules.OpenRC && isOpenRC(text)) {
		h.guessed = r.rules.HeaderDefaults
		fill := func(f *lsb.Field, value string) { *f = lsb.Field{Present: true, Value: value} }
		fill(&h.RequiredStart, defaultRequired)
		fill(&h.RequiredStop, defaultRequired)
		fill(&h.DefaultStart, defaultStart)
		fill(&h.DefaultStop, defaultStop)
	}
	for _, name := range h.Provides.Names() {
		h.provides = true
		if name[0] != '$' && name[0] != '#' {
			h.names = append(h.names, name)
		}
	}
	for _, key := range dependencyKeys {
		h.lists[key] = h.Field(key).Names()
	}
	h.start, h.stop = levelsOf(h.DefaultStart), levelsOf(h.DefaultStop)
	return h
}

var dependencyKeys = []lsb.Key{
	lsb.RequiredStart, lsb.ShouldStart, lsb.StartBefore,
	lsb.RequiredStop, lsb.ShouldStop, lsb.StopAfter,
}

func levelsOf(f lsb.Field) levels {
	var set levels
	list, _ := f.Runlevels()
	for _, level := range list {
		set |= levelOf(level)
	}
	return set
}

// tokens are the names to read a script under: those that its header provides, or
// else the given one.
func (h *header) tokens(name string) []string {
	if h.provides {
		return h.names
	}
	return []string{name}
}

// isOpenRC reports whether a script's first line calls openrc-run.
func isOpenRC(text []byte) bool {
	line := make([]byte, 0, 40)
	for _, c := range text {
		if c == '\n' {
			break
		}
		if c != ' ' && c != '\t' && c != '\r' {
			if len(line) == cap(line) {
				return false
			}
			line = append(line, c)
		}
	}
	return string(line) == "#!/sbin/openrc-run" || string(line) == "#!/usr/sbin/openrc-run"
}
