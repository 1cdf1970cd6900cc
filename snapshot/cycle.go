package snapshot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/order"
)

// edge is a dependency between two scripts, from the one that waits.
type edge struct {
	to    string
	owner boot.Script // whose header has it
	key   lsb.Key
}

// loops tells which header lines make the circles that insserv ran into. It
// runs into one at several places.
func (c *checker) loops(loops []order.Loop) {
	told := map[string]bool{}
	for _, loop := range loops {
		edges := c.edges(loop.Stop)
		var circle []edge
		for _, service := range loop.Services {
			for _, p := range c.providers[service] {
				if way := shortest(edges, p.Name, p.Name); circle == nil || way != nil && len(way) < len(circle) {
					circle = way
				}
			}
		}
		c.circle(loop.Stop, circle, told)
	}
	if len(loops) > 0 && len(told) == 0 {
		c.find(findLoop, boot.Script{}, "", "insserv finds a loop at %s: write overrides that part them", strings.Join(loops[0].Services, " and "))
	}
}

// circle tells of one circle, once.
func (c *checker) circle(stop bool, edges []edge, told map[string]bool) {
	if len(edges) == 0 {
		return
	}
	slices.SortFunc(edges, func(a, b edge) int { return strings.Compare(a.to, b.to) })
	var scripts, lines []string
	for _, e := range edges {
		scripts = append(scripts, e.to)
		if line := c.place(e.owner, e.key); !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	when := "start"
	if stop {
		when = "stop"
	}
	message := fmt.Sprintf("%s would each have to %s after the others (%s): write an override that leaves one of these lines out",
		strings.Join(scripts, ", "), when, strings.Join(lines, "; "))
	if !told[message] {
		told[message] = true
		c.find(findLoop, edges[0].owner, edges[0].key, "%s", message)
	}
}

// edges gives the dependencies of the start or the stop order.
func (c *checker) edges(stop bool) map[string][]edge {
	keys, reversed := []lsb.Key{lsb.RequiredStart, lsb.ShouldStart}, lsb.StartBefore
	if stop {
		keys, reversed = []lsb.Key{lsb.RequiredStop, lsb.ShouldStop}, lsb.StopAfter
	}
	edges := map[string][]edge{}
	for _, script := range c.configuration.Scripts {
		for _, key := range keys {
			for _, other := range c.others(script, key) {
				edges[script.Name] = append(edges[script.Name], edge{to: other, owner: script, key: key})
			}
		}
		for _, other := range c.others(script, reversed) {
			edges[other] = append(edges[other], edge{to: script.Name, owner: script, key: reversed})
		}
	}
	return edges
}

// others lists the scripts that a line of a header names.
func (c *checker) others(script boot.Script, key lsb.Key) []string {
	var scripts []string
	add := func(name string) {
		for _, p := range c.providers[strings.TrimPrefix(name, "+")] {
			if p.Name != script.Name {
				scripts = append(scripts, p.Name)
			}
		}
	}
	for _, word := range script.Header.Field(key).Names() {
		members, facility := c.facilities.Members(word)
		switch {
		case strings.EqualFold(word, "$all") && key != lsb.StartBefore && key != lsb.StopAfter:
			for _, p := range c.configuration.Scripts {
				if !slices.Contains(p.Header.Field(key).Names(), word) {
					add(provides(p)[0])
				}
			}
		case facility:
			for _, member := range members {
				add(member.Name)
			}
		default:
			add(word)
		}
	}
	return scripts
}

// shortest gives the edges of the shortest way from one script to another, which
// may be itself; nil if there is none.
func shortest(edges map[string][]edge, from, to string) []edge {
	came := map[string]edge{} // the edge that a script was reached by
	before := map[string]string{}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		for _, e := range edges[queue[0]] {
			if _, seen := came[e.to]; seen {
				continue
			}
			came[e.to], before[e.to] = e, queue[0]
			if e.to != to {
				queue = append(queue, e.to)
				continue
			}
			var way []edge
			for at := to; len(way) == 0 || at != from; at = before[at] {
				way = append([]edge{came[at]}, way...)
			}
			return way
		}
	}
	return nil
}
