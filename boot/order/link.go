package order

import (
	"slices"

	"github.com/bootledger/bootledger/boot/lsb"
)

// directory is a runlevel directory under work.
type directory struct {
	level    lsb.Runlevel
	names    []string        // in order, removed ones included
	holds    map[string]bool // false once removed
	byScript map[string][]lsb.Link
}

func (r *run) openDirectory(level lsb.Runlevel) *directory {
	d := &directory{level: level, holds: map[string]bool{}, byScript: map[string][]lsb.Link{}}
	for _, l := range r.in.Links[level] {
		d.names = append(d.names, l.Base)
		d.holds[l.Base] = true
		if link, ok := lsb.ParseLink(level, l.Base); ok {
			d.byScript[link.Name] = append(d.byScript[link.Name], link)
		}
	}
	return d
}

// relink brings the links of every known script to its sequence, and makes or
// removes those of the scripts named.
func (r *run) relink() {
	byScript := make(map[string]*node, len(r.nodes))
	for _, n := range r.nodes {
		if n.script != "" {
			byScript[n.script] = n
		}
	}
	for _, level := range scanOrder {
		d := r.directories[level]
		r.dropForeign(d, byScript)
		for _, n := range r.nodes {
			r.relinkNode(d, n)
		}
	}
}

// dropForeign removes links in runlevels that their scripts are not in.
func (r *run) dropForeign(d *directory, byScript map[string]*node) {
	for _, name := range slices.Clone(d.names) {
		link, ok := lsb.ParseLink(d.level, name)
		n := byScript[link.Name]
		if !ok || n == nil || !d.holds[name] {
			continue
		}
		m := starting
		if link.Action == lsb.Stop {
			m = stopping
		}
		if n.sides[m].levels&levelOf(d.level) != 0 {
			continue
		}
		forced := r.call.Remove && r.call.Force
		if r.call.Defaults || d.level == 'S' || forced && n.first.has(already) {
			r.unlink(d, link, n)
		} else if forced && r.rules.LowerRef {
			n.first.refs--
		}
	}
}

func (r *run) relinkNode(d *directory, n *node) {
	wanted := normalLevels
	if d.level == 'S' {
		wanted = bootLevel
	}
	level := levelOf(d.level)
	if n.script == "" || (n.sides[starting].levels|n.sides[stopping].levels)&wanted == 0 {
		return
	}
	link := lsb.Link{Runlevel: d.level, Action: lsb.Start, Sequence: n.sides[starting].depth, Name: n.script}
	switch {
	case n.sides[stopping].levels&level != 0:
		if d.level == 'S' {
			return
		}
		link.Action, link.Sequence = lsb.Stop, n.sides[stopping].depth
	case n.sides[starting].levels&level == 0:
		return
	}
	_, isNamed := r.arguments[n.script]
	remove, found := isNamed && r.call.Remove, false
	for _, l := range d.byScript[n.script] {
		if l.Action != link.Action || !d.holds[l.Base()] {
			continue
		}
		found = true
		switch {
		case remove:
			r.unlink(d, l, n)
		case l.Sequence != link.Sequence:
			r.unlink(d, l, n)
			r.makeLink(d, link, n)
		}
	}
	if isNamed && !remove && !found {
		r.makeLink(d, link, n)
	}
}

func (r *run) unlink(d *directory, l lsb.Link, n *node) {
	d.holds[l.Base()] = false
	r.result.Removed = append(r.result.Removed, l)
	n.first.refs--
}

// makeLink makes a link unless it is there. It counts in either case.
func (r *run) makeLink(d *directory, l lsb.Link, n *node) {
	n.first.refs++
	if base := l.Base(); !d.holds[base] {
		d.names = append(d.names, base)
		d.holds[base] = true
		r.result.Added = append(r.result.Added, l)
	}
}
