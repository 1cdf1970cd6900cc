package order

import (
	"strings"

	"github.com/bootledger/bootledger/boot/lsb"
)

// service is a name that scripts provide or depend on.
type service struct {
	name  string
	id    int // place in graph.services
	flags flags
	refs  int // links to its script
	// start and stop are the sequences of its links: the highest S link, the
	// lowest K link, 0 if there is none.
	start, stop int
	// requires lists what starts before this service, stopsAfter what stops
	// before it, in the order in which headers said so.
	requires, stopsAfter []entry
	node                 *node
}

type flags uint16

const (
	known       flags = 1 << iota // read from a link or a script
	enabled                       // has a link
	named                         // on the command line
	alias                         // second name of a script
	wantsAll                      // starts after all others: $all
	wantsFirst                    // stops before all others: $all
	noHeader                      // takes part with default dependencies
	interactive                   // must start alone
	already                       // its script's names belong to another script
)

func (s *service) has(f flags) bool { return s.flags&f != 0 }

// entry is a dependency as recorded with a service.
type entry struct {
	to       *service
	required bool
}

// node is what gets a sequence: a script with all its names.
type node struct {
	first  *service // the primary name
	script string   // empty while no script provides it
	gone   bool     // merged into another node
	sides  [2]side
}

// side is the half of a node that belongs to starting or to stopping.
type side struct {
	links   []*node // what comes after this node
	levels  levels
	depth   int // the sequence; 0 before it has one
	atLeast int
	decides bool // the place of a name without script depends on it
	visit
}

// mode selects a side.
type mode int

const (
	starting mode = iota
	stopping
)

// levels is a set of runlevels: bits 0 to 6, and 7 for S.
type levels uint8

const (
	bootLevel    levels = 1 << 7
	normalLevels        = bootLevel - 1
)

func levelOf(r lsb.Runlevel) levels {
	if r == 'S' {
		return bootLevel
	}
	return 1 << (r - '0')
}

func (l levels) runlevels() []lsb.Runlevel {
	var list []lsb.Runlevel
	for _, r := range lsb.AllRunlevels {
		if l&levelOf(r) != 0 {
			list = append(list, r)
		}
	}
	return list
}

// scanOrder is the order in which insserv goes through the runlevels.
var scanOrder = []lsb.Runlevel{'0', '1', '2', '3', '4', '5', '6', 'S'}

// graph holds services and nodes in the order of their creation, which insserv's
// results depend on.
type graph struct {
	services []*service
	byName   map[string]*service
	nodes    []*node
	owners   map[string]*node // by script
	linked   map[pair]bool    // nodes
	recorded map[pair]int     // services; index in requires or stopsAfter
	maxLinks int
	full     bool // there were more links than maxLinks
}

// pair stands for two services, or two nodes, by their numbers.
type pair uint64

func makePair(a, b int, m mode) pair { return pair(a)<<32 | pair(b)<<1 | pair(m) }

// maxLinks and, for each script, maxLinksEach more bound the work that a run can
// be: facilities of thousands of names that hundreds of scripts require. A guest
// has some thousand links.
const (
	maxLinks     = 1 << 15
	maxLinksEach = 8
)

// lastSequence is the highest sequence that a link may have.
const lastSequence = 99

func newGraph(scripts int) graph {
	return graph{
		maxLinks: maxLinks + scripts*maxLinksEach,
		byName:   make(map[string]*service, scripts),
		owners:   make(map[string]*node, scripts),
		linked:   make(map[pair]bool, 4*scripts),
		recorded: make(map[pair]int, 4*scripts),
	}
}

// service finds the service of a name, or creates it.
func (g *graph) service(name string) *service {
	if s, ok := g.byName[name]; ok {
		return s
	}
	s := &service{name: name, id: len(g.services)}
	s.node = &node{first: s}
	s.node.sides[starting].atLeast = 1
	s.node.sides[stopping].atLeast = 1
	g.byName[name] = s
	g.services = append(g.services, s)
	g.nodes = append(g.nodes, s.node)
	return s
}

// own makes a script that of a node, unless it is another node's.
func (g *graph) own(n *node, script string) {
	if _, taken := g.owners[script]; !taken {
		n.script = script
		g.owners[script] = n
	}
}

// primary gives the first name of the script that provides s.
func (s *service) primary() *service { return s.node.first }

func (s *service) side(m mode) *side { return &s.node.sides[m] }

// requireStart records that s starts after t.
func (g *graph) requireStart(s, t *service, required bool) {
	s = s.primary()
	g.record(&s.requires, s, t, starting, required)
	g.link(t.node, s.node, starting)
}

// requireStop records that s stops before t.
func (g *graph) requireStop(s, t *service, required bool) {
	t = t.primary()
	g.record(&t.stopsAfter, t, s, stopping, required)
	g.link(s.node, t.node, stopping)
}

func (g *graph) record(list *[]entry, of, to *service, m mode, required bool) {
	p := makePair(of.id, to.id, m)
	if i, ok := g.recorded[p]; ok {
		(*list)[i].required = (*list)[i].required || required
		return
	}
	if g.full {
		return
	}
	g.recorded[p] = len(*list)
	*list = append(*list, entry{to: to, required: required})
}

func (g *graph) link(from, to *node, m mode) {
	p := makePair(from.first.id, to.first.id, m)
	if from == to || g.linked[p] {
		return
	}
	if len(g.linked) >= g.maxLinks {
		g.full = true
		return
	}
	g.linked[p] = true
	from.sides[m].links = append(from.sides[m].links, to)
}

// merge makes other a second name of first's script, unless it has a script of
// its own.
func (g *graph) merge(first, other *service) {
	into, from := first.node, other.node
	if into == from || from.script != "" && from.script != into.script {
		return
	}
	for m := range from.sides {
		for _, to := range from.sides[m].links {
			g.link(into, to, mode(m))
		}
		into.sides[m].levels |= from.sides[m].levels
	}
	from.gone = true
	first = into.first
	first.flags |= other.flags &^ alias
	other.flags |= alias
	other.node = into
	for _, e := range other.requires {
		g.record(&first.requires, first, e.to, starting, e.required)
	}
	for _, e := range other.stopsAfter {
		g.record(&first.stopsAfter, first, e.to, stopping, e.required)
	}
}

// dropMerged forgets nodes that were merged into others, and links to them.
func (g *graph) dropMerged() {
	kept := g.nodes[:0]
	for _, n := range g.nodes {
		if n.gone {
			continue
		}
		kept = append(kept, n)
		for m := range n.sides {
			links := n.sides[m].links[:0]
			for _, to := range n.sides[m].links {
				if !to.gone {
					links = append(links, to)
				}
			}
			n.sides[m].links = links
		}
	}
	g.nodes = kept
}

// isFacility reports whether a name of a list of dependencies is that of a
// system facility.
func isFacility(token string) bool { return strings.HasPrefix(token, "$") }
