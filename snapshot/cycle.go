package snapshot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/order"
)

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
