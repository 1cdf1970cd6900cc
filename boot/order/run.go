package order

import (
	"fmt"

	"github.com/bootledger/bootledger/boot/lsb"
)

// run is one call of insserv under way.
type run struct {
	graph
	rules      Rules
	in         Input
	call       Call
	names      lsb.NameRules
	facilities lsb.Facilities
	scripts    map[string]int     // index in Input.Scripts
	headers    map[string]*header // of scripts
	arguments  map[string]argument
	order      []string // names of arguments in the order given

	directories map[lsb.Runlevel]*directory

	deepest      [2]int  // highest sequence among nodes of runlevels 0 to 6
	looped       bool    // a loop was found that -f must override
	numbered     bool    // loops that are found from now on do not count
	missingNodes []*node // no script provides them
	settled      [2]bool // their places would be guessed the same again
	warned       warnings
	requiredBy   map[*service][]*service // enabled scripts by what they require
	failed       bool                    // a check failed
	stopped      bool                    // refused at once
	exit         int
	messages     []string

	loops      []Loop
	missing    []Missing
	duplicates []Duplicate

	result Result
}

// Run computes what insserv does to a guest when called.
func Run(rules Rules, in Input, call Call) Result {
	r := &run{
		graph: newGraph(len(in.Scripts)), rules: rules, in: in, call: call,
		names:     lsb.NameRules{CorePrefix: rules.CorePrefix, Dpkg: rules.Dpkg, Ucf: rules.Ucf},
		scripts:   make(map[string]int, len(in.Scripts)),
		headers:   make(map[string]*header, len(in.Scripts)),
		arguments: map[string]argument{},
	}
	if rules.FileFilters {
		r.names.Filters = lsb.ParseFileFilters(in.FileFilters)
	}
	for i := range in.Scripts {
		r.scripts[in.Scripts[i].Name] = i
	}
	r.directories = map[lsb.Runlevel]*directory{}
	for _, level := range scanOrder {
		r.directories[level] = r.openDirectory(level)
	}
	r.compute()
	return r.finish()
}

// compute goes through insserv's steps up to the first that refuses.
func (r *run) compute() {
	if call := r.call; call.Remove && len(call.Names) == 0 {
		r.say("usage: -r needs the name of a script")
		r.exit = 1
		return
	}
	if !r.readArguments() {
		return
	}
	for _, step := range []func(){
		r.readFacilities,
		r.scanLinks, r.dropMerged,
		r.scanNamed, r.scanScripts, r.dropMerged,
		r.placeWithoutHeader, r.placeAll,
		r.number, r.refuseLoops, r.separateInteractive, r.placeAllAfterwards,
		r.checkAll, r.relink, r.writeDepend,
	} {
		step()
		if r.full {
			r.say("more than %d dependencies between scripts", r.maxLinks)
			r.stopped = true
		}
		if r.stopped || r.exit != 0 {
			r.exit = 1
			return
		}
	}
}

func (r *run) readFacilities() {
	f := lsb.ParseFacilities(r.in.Conf, r.in.ConfDir, r.names)
	for _, name := range f.Interactive {
		r.service(name).flags |= interactive
	}
	var err error
	if r.facilities, err = f.Expand(r.rules.NestedInPlace); err != nil {
		r.say("Loop detected during expanding system facilities in the insserv.conf file(s): %v", err)
		r.stopped = true
	}
}

// say records a message of insserv.
func (r *run) say(format string, args ...any) {
	r.messages = append(r.messages, fmt.Sprintf(format, args...))
}

// refuse says why insserv will not do it, unless -f makes it go on.
func (r *run) refuse(format string, args ...any) bool {
	r.say(format, args...)
	if r.call.Force {
		return false
	}
	r.stopped = true
	return true
}

// finish gathers the result.
func (r *run) finish() Result {
	r.result.ExitCode = r.exit
	r.result.Messages = r.messages
	r.result.Report.Loops, r.result.Report.Missing, r.result.Report.Duplicates = r.loops, r.missing, r.duplicates
	r.result.Links = make(map[lsb.Runlevel][]string, len(scanOrder))
	if r.call.DryRun {
		for level, links := range r.in.Links {
			r.result.Links[level] = baseNames(links)
		}
		r.result.Removed, r.result.Added, r.result.Depend = nil, nil, nil
		return r.result
	}
	for _, level := range scanOrder {
		d := r.directories[level]
		names := make([]string, 0, len(d.names))
		seen := map[string]bool{}
		for _, name := range d.names {
			if d.holds[name] && !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
		r.result.Links[level] = names
	}
	return r.result
}

func baseNames(links []LinkEntry) []string {
	names := make([]string, 0, len(links))
	for _, link := range links {
		names = append(names, link.Base)
	}
	return names
}
