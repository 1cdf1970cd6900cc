package snapshot

import (
	"slices"
	"strings"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/order"
)

// dependencies says which script of a guest waits for which.
type dependencies struct {
	scripts    []boot.Script
	facilities lsb.Facilities
	providers  map[string][]boot.Script // by the names that headers use
}

// edge is a dependency between two scripts, from the one that waits.
type edge struct {
	to    string
	owner boot.Script // whose header has it
	key   lsb.Key
	all   bool // for the line says $all
}

// dependenciesOf reads the headers in force. The error says that the facilities
// of insserv.conf make no sense; the dependencies then know none.
func dependenciesOf(c *boot.Configuration, rules order.Rules) (dependencies, error) {
	d := dependencies{scripts: c.Scripts, providers: map[string][]boot.Script{}}
	for _, script := range c.Scripts {
		for _, name := range provides(script) {
			d.providers[name] = append(d.providers[name], script)
		}
	}
	in := c.Tree.OrderInput()
	names := lsb.NameRules{CorePrefix: rules.CorePrefix, Dpkg: rules.Dpkg, Ucf: rules.Ucf}
	var err error
	d.facilities, err = lsb.ParseFacilities(in.Conf, in.ConfDir, names).Expand(rules.NestedInPlace)
	return d, err
}

// provides lists the names that a script goes by in the headers of others.
func provides(script boot.Script) []string {
	if names := script.Header.Provides.Names(); len(names) > 0 {
		return names
	}
	return []string{script.Name}
}

// edges gives the dependencies of the start or the stop order, by the script
// that waits. What names $all waits for every script that does not.
func (d *dependencies) edges(stop bool) map[string][]edge {
	keys, reversed := []lsb.Key{lsb.RequiredStart, lsb.ShouldStart}, lsb.StartBefore
	if stop {
		keys, reversed = []lsb.Key{lsb.RequiredStop, lsb.ShouldStop}, lsb.StopAfter
	}
	edges := map[string][]edge{}
	for _, script := range d.scripts {
		for _, key := range keys {
			d.others(script, key, func(other string, all bool) {
				edges[script.Name] = append(edges[script.Name], edge{to: other, owner: script, key: key, all: all})
			})
		}
		d.others(script, reversed, func(other string, _ bool) {
			edges[other] = append(edges[other], edge{to: script.Name, owner: script, key: reversed})
		})
	}
	return edges
}

// others calls found with each script that a line of a header names; all says
// that it does so by $all.
func (d *dependencies) others(script boot.Script, key lsb.Key, found func(other string, all bool)) {
	add := func(name string, all bool) {
		for _, p := range d.providers[strings.TrimPrefix(name, "+")] {
			if p.Name != script.Name {
				found(p.Name, all)
			}
		}
	}
	for _, word := range script.Header.Field(key).Names() {
		members, facility := d.facilities.Members(word)
		switch {
		case namesAll(word) && key != lsb.StartBefore && key != lsb.StopAfter:
			for _, p := range d.scripts {
				if !slices.ContainsFunc(p.Header.Field(key).Names(), namesAll) {
					add(provides(p)[0], true)
				}
			}
		case facility:
			for _, member := range members {
				add(member.Name, false)
			}
		default:
			add(word, false)
		}
	}
}

// namesAll tells the facility that stands for every script (insserv(8)).
func namesAll(word string) bool { return strings.EqualFold(word, "$all") }

// required lists the services that a word of a Required line stands for: none
// if it is a facility that nobody defines, which insserv passes over.
func (d *dependencies) required(word string) []string {
	if !strings.HasPrefix(word, "$") && !strings.HasPrefix(word, "+") {
		return []string{word}
	}
	members, _ := d.facilities.Members(word)
	var names []string
	for _, member := range members {
		if !member.Optional {
			names = append(names, member.Name)
		}
	}
	return names
}
