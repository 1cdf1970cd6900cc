package snapshot

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/state"
)

// Graph is a guest's boot as a picture shows it, at one or two points in time.
type Graph struct {
	Points []string // what each boot of a row is: "live", "before transaction 3"
	Rows   []GraphRow
}

// GraphRow is what runs in some runlevels that are alike at every point.
type GraphRow struct {
	Runlevels []lsb.Runlevel
	Boots     []GraphBoot // one for each point
}

// GraphBoot is what runs in a runlevel: in its order, then what does not run but
// would, by name.
type GraphBoot struct {
	Scripts      []GraphScript
	Dependencies []GraphDependency
}

// GraphScript is a script in a runlevel.
type GraphScript struct {
	Name     string
	Action   lsb.Action // of its link; 0 if it has none
	Sequence int        // of its link
	Off      string     // why it does not run, empty if it does
	Package  string     // that owns it, empty if none does
}

// Place is the action and the sequence of the script's link, as in "S02"; empty
// if it has none.
func (s GraphScript) Place() string {
	if s.Action == 0 {
		return ""
	}
	return fmt.Sprintf("%c%02d", s.Action, s.Sequence)
}

// GraphDependency says that the script To waits for the script From; both are
// indices of Scripts.
type GraphDependency struct {
	From, To int
	Key      lsb.Key // of the header line that says so
	Owner    string  // the script whose header it is
}

// graphOrder is the order of runlevels in a Graph: those of a boot, then those
// that end it.
var graphOrder = []lsb.Runlevel{'S', '2', '3', '4', '5', '1', '0', '6'}

// GraphOptions picks what a Graph shows.
type GraphOptions struct {
	Runlevels []lsb.Runlevel // all that have links, if empty
	Before    string         // a transaction: shows the boot before it, too
}

// Graph gives the guest's boot, beside that before a transaction if asked to.
func (s *Session) Graph(o GraphOptions) (*Graph, error) {
	intents, err := s.intents()
	if err != nil {
		return nil, err
	}
	g := &Graph{Points: []string{live}}
	drawn := []*drawing{s.drawing(s.configuration, intents)}
	if o.Before != "" {
		before, id, err := s.drawingBefore(o.Before)
		if err != nil {
			return nil, err
		}
		g.Points = []string{fmt.Sprintf("before transaction %d", id), live}
		drawn = append([]*drawing{before}, drawn...)
	}
	for _, level := range graphOrder {
		if len(o.Runlevels) > 0 && !slices.Contains(o.Runlevels, level) {
			continue
		}
		row := GraphRow{Runlevels: []lsb.Runlevel{level}}
		empty := true
		for _, d := range drawn {
			boot := d.boot(level)
			row.Boots = append(row.Boots, boot)
			empty = empty && len(boot.Scripts) == 0
		}
		if empty {
			continue
		}
		same := slices.IndexFunc(g.Rows, func(r GraphRow) bool { return reflect.DeepEqual(r.Boots, row.Boots) })
		if same >= 0 {
			g.Rows[same].Runlevels = append(g.Rows[same].Runlevels, level)
		} else {
			g.Rows = append(g.Rows, row)
		}
	}
	return g, nil
}

// drawingBefore is the boot as it was before a transaction.
func (s *Session) drawingBefore(word string) (*drawing, uint64, error) {
	id, err := s.Resolve(word)
	if err != nil {
		return nil, 0, err
	}
	if id == 0 {
		return nil, 0, fail(Usage, "--before=1 is the guest before the first transaction", "there is no transaction 0")
	}
	t, err := s.target(id)
	if err != nil {
		return nil, 0, err
	}
	c, _, err := s.captured(t.Before)
	if err != nil {
		return nil, 0, err
	}
	transactions, err := s.ledger.Transactions()
	if err != nil {
		return nil, 0, err
	}
	return s.drawing(c, standingAt(transactions, id-1)), id, nil
}

// drawing is one configuration on its way into a Graph.
type drawing struct {
	*boot.Configuration
	packages    *boot.Packages
	off         map[lsb.Runlevel]map[string]string // why scripts that belong to a runlevel do not run
	start, stop map[string][]edge
}

func (s *Session) drawing(c *boot.Configuration, intents map[string]*state.Intent) *drawing {
	// Facilities that make no sense are check's to report: they are left out here.
	depend, _ := dependenciesOf(c, s.native.Rules)
	d := &drawing{
		Configuration: c, packages: s.packages, off: map[lsb.Runlevel]map[string]string{},
		start: depend.edges(false), stop: depend.edges(true),
	}
	for _, link := range c.Parked {
		d.isOff(link, "parked in "+ParkDir)
	}
	for _, script := range c.Scripts {
		if script.Enabled {
			continue
		}
		start, _ := script.Header.DefaultStart.Runlevels()
		for _, level := range start {
			d.isOff(lsb.Link{Runlevel: level, Action: lsb.Start, Name: script.Name}, "not enabled")
		}
		stop, _ := script.Header.DefaultStop.Runlevels()
		for _, level := range stop {
			d.isOff(lsb.Link{Runlevel: level, Action: lsb.Stop, Name: script.Name}, "not enabled")
		}
	}
	for script, intent := range intents {
		if intent == nil {
			continue
		}
		for _, link := range recordedLinks(intent) {
			d.isOff(link, "")
		}
		for _, reasons := range d.off {
			if _, there := reasons[script]; there {
				reasons[script] = fmt.Sprintf("disabled by transaction %d", intent.Transaction)
			}
		}
	}
	return d
}

// isOff notes that a script which is there would have a link, but for a reason.
func (d *drawing) isOff(link lsb.Link, why string) {
	if d.Script(link.Name).Name == "" || link.Action == lsb.Stop && !halts(link.Runlevel) {
		return
	}
	if d.off[link.Runlevel] == nil {
		d.off[link.Runlevel] = map[string]string{}
	}
	d.off[link.Runlevel][link.Name] = why
}

// halts tells the runlevels whose purpose is to stop what runs.
func halts(level lsb.Runlevel) bool { return level == '0' || level == '6' }

// boot draws one runlevel. What a runlevel between 1 and 5 stops is not part of
// its boot.
func (d *drawing) boot(level lsb.Runlevel) GraphBoot {
	var b GraphBoot
	index := map[string]int{}
	add := func(script GraphScript) {
		if _, there := index[script.Name]; there {
			return
		}
		script.Package, _ = d.packages.Owner(boot.InitDir + "/" + script.Name)
		index[script.Name] = len(b.Scripts)
		b.Scripts = append(b.Scripts, script)
	}
	links := slices.DeleteFunc(slices.Clone(d.Links), func(l lsb.Link) bool {
		return l.Runlevel != level || l.Action == lsb.Stop && !halts(level)
	})
	slices.SortFunc(links, func(a, b lsb.Link) int { return cmp.Compare(a.Base(), b.Base()) }) // K before S
	for _, link := range links {
		off := ""
		if !runs(d.Configuration, link.Name) {
			off = "its script is gone"
		}
		add(GraphScript{Name: link.Name, Action: link.Action, Sequence: link.Sequence, Off: off})
	}
	for _, name := range slices.Sorted(maps.Keys(d.off[level])) {
		add(GraphScript{Name: name, Off: d.off[level][name]})
	}
	edges := d.start
	if halts(level) {
		edges = d.stop
	}
	for i, script := range b.Scripts {
		for _, e := range edges[script.Name] {
			other, there := index[e.to]
			dependency := GraphDependency{From: other, To: i, Key: e.key, Owner: e.owner.Name}
			if halts(level) { // what needs another stops before it
				dependency.From, dependency.To = i, other
			}
			if there && !e.all && !slices.Contains(b.Dependencies, dependency) {
				b.Dependencies = append(b.Dependencies, dependency)
			}
		}
	}
	return b
}
