package picture

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/snapshot"
)

// randomBoot makes a boot of n scripts, in which most lines agree with the order.
func randomBoot(r *rand.Rand, n int) snapshot.GraphBoot {
	var b snapshot.GraphBoot
	for i := range n {
		script := snapshot.GraphScript{Name: fmt.Sprintf("%s-%d", strings.Repeat("script", 1+r.IntN(4)), i)}
		switch r.IntN(6) {
		case 0:
			script.Off = "not enabled"
		case 1:
			script.Action, script.Sequence = lsb.Stop, 1+r.IntN(5)
		default:
			script.Action, script.Sequence = lsb.Start, 1+i*20/n
		}
		b.Scripts = append(b.Scripts, script)
	}
	for to := range n {
		for range r.IntN(4) {
			from := r.IntN(n)
			if from > to && r.IntN(10) > 0 {
				from, to = to, from
			}
			if from != to {
				b.Dependencies = append(b.Dependencies, snapshot.GraphDependency{From: from, To: to, Key: lsb.RequiredStart, Owner: b.Scripts[to].Name})
			}
		}
	}
	return b
}

// TestGeometry checks that nothing of a picture lies on anything else, and that
// every line leads from the script that comes first to the one that waits.
func TestGeometry(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		n := []int{1, 2, 25, 60, 150, 300}[seed%6]
		t.Run(fmt.Sprintf("%d scripts, seed %d", n, seed), func(t *testing.T) {
			b := randomBoot(r, n)
			l := arrange(b)
			checkColumns(t, l)
			checkLines(t, b, l)
		})
	}
}

func checkColumns(t *testing.T, l *layout) {
	t.Helper()
	end := 0.0
	for i, c := range l.columns {
		gap := c.x - end
		if i > 0 && gap < gapMin {
			t.Errorf("column %d begins %.1f after the one before", i, gap)
		}
		for _, b := range l.bows {
			if b.from.column == i && b.depth > gap {
				t.Errorf("a bow of column %d reaches %.1f into a gap of %.1f", i, b.depth, gap)
			}
		}
		end = c.x + c.w
		if end > l.width+0.01 {
			t.Errorf("column %d ends at %.1f, the picture at %.1f", i, end, l.width)
		}
		bottom := -spacing
		for _, s := range c.slots {
			if s.y-s.h/2 < bottom+spacing-0.01 {
				t.Errorf("column %d: %q begins at %.1f, what is above ends at %.1f", i, s.label, s.y-s.h/2, bottom)
			}
			if bottom = s.y + s.h/2; bottom > l.height+0.01 {
				t.Errorf("column %d: %q ends at %.1f, the picture at %.1f", i, s.label, bottom, l.height)
			}
			if room := c.w - 2*boxPadding; s.script != noScript && textWidth(s.text()) > room+0.01 {
				t.Errorf("%q does not fit in %.1f", s.text(), room)
			}
		}
	}
}

func checkLines(t *testing.T, b snapshot.GraphBoot, l *layout) {
	t.Helper()
	columns, _ := columnsOf(b)
	for i, one := range b.Scripts {
		for j, other := range b.Scripts {
			before := one.Action < other.Action || one.Action == other.Action && one.Sequence < other.Sequence
			if one.Action != 0 && other.Action != 0 && before && columns[i] >= columns[j] {
				t.Errorf("%s%s stands in column %d and %s%s in %d", one.Place(), one.Name, columns[i], other.Place(), other.Name, columns[j])
			}
		}
	}
	for _, p := range needed(b, columns) {
		if columns[p.from] == columns[p.to] {
			if !slices.ContainsFunc(l.bows, func(b bow) bool { return b.from.script == p.from && b.to.script == p.to }) {
				t.Errorf("no bow from %s to %s", b.Scripts[p.from].Name, b.Scripts[p.to].Name)
			}
			continue
		}
		if !leads(l, p, columns[p.from] > columns[p.to]) {
			t.Errorf("no line from %s to %s", b.Scripts[p.from].Name, b.Scripts[p.to].Name)
		}
	}
}

// leads follows the lines of a picture from one box to another: only an arrow
// ends at a box.
func leads(l *layout, p pair, reversed bool) bool {
	first, last := p.from, p.to
	if reversed {
		first, last = last, first
	}
	arrives, begins := false, false
	var follow func(at wire)
	follow = func(at wire) {
		if at.to.script == last {
			arrives = arrives || reversed || at.arrow
		}
		if at.to.script != noScript {
			return
		}
		for _, w := range l.wires {
			if w.from == at.to && w.style == at.style && w.reversed == at.reversed {
				follow(w)
			}
		}
	}
	for _, w := range l.wires {
		if w.from.script == first && w.reversed == reversed {
			begins = begins || !reversed || w.arrow
			follow(w)
		}
	}
	return arrives && begins
}

// TestNeeded leaves out a line that two others imply, unless one of them hangs
// on a script that does not run.
func TestNeeded(t *testing.T) {
	boot := snapshot.GraphBoot{
		Scripts: []snapshot.GraphScript{
			{Name: "a", Action: lsb.Start, Sequence: 1}, {Name: "b", Action: lsb.Start, Sequence: 2}, {Name: "c", Action: lsb.Start, Sequence: 3},
		},
		Dependencies: []snapshot.GraphDependency{{From: 0, To: 1}, {From: 1, To: 2}, {From: 0, To: 2}, {From: 0, To: 2, Key: lsb.ShouldStart}},
	}
	columns, headings := columnsOf(boot)
	if got, want := fmt.Sprint(headings, needed(boot, columns)), "[S01 S02 S03] [{0 1} {1 2}]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	boot.Scripts[1] = snapshot.GraphScript{Name: "b", Off: "not enabled"}
	columns, headings = columnsOf(boot)
	if got, want := fmt.Sprint(headings, needed(boot, columns)), "[S01  S03] [{0 1} {0 2} {1 2}]"; got != want {
		t.Errorf("with b off: got %s, want %s", got, want)
	}
}

func hostileGraph() *snapshot.Graph {
	b := snapshot.GraphBoot{
		Scripts: []snapshot.GraphScript{
			{Name: `</title><script>"&'`, Action: lsb.Start, Sequence: 1, Package: "<x>"},
			{Name: "new\nline\x1b[31m\xff", Off: "]]>"},
			{Name: `back\slash"`, Action: lsb.Start, Sequence: 2},
		},
		Dependencies: []snapshot.GraphDependency{{From: 0, To: 1, Key: lsb.RequiredStart, Owner: "<o>"}, {From: 2, To: 0, Key: lsb.StartBefore, Owner: `"`}},
	}
	return &snapshot.Graph{
		Points: []string{"before transaction 1", "live"},
		Rows:   []snapshot.GraphRow{{Runlevels: []lsb.Runlevel{'2', '3'}, Boots: []snapshot.GraphBoot{b, {}}}},
	}
}

// TestSVG checks that a guest's names cannot break out of the document.
func TestSVG(t *testing.T) {
	var out bytes.Buffer
	if err := SVG(&out, hostileGraph()); err != nil {
		t.Fatal(err)
	}
	var words []string
	for decoder := xml.NewDecoder(&out); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local == "script" {
				t.Error("a script's name became an element")
			}
		case xml.CharData:
			words = append(words, string(token))
		}
	}
	for _, want := range []string{
		`</title><script>"&'`, `"new\nline\x1b[31m\xff"`, "off", "S02", "Runlevels 2 3, before transaction 1: 2 scripts run, 1 are off",
	} {
		if !slices.Contains(words, want) {
			t.Errorf("no text %q in the picture, only %q", want, words)
		}
	}
}

// TestDOT has Graphviz read what is written, where it is installed.
func TestDOT(t *testing.T) {
	var out bytes.Buffer
	if err := DOT(&out, hostileGraph()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"digraph", `label="Runlevels 2 3, before transaction 1: 2 scripts run, 1 are off"`, `off: ]]>`, "dashed", "rank=same"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if _, err := exec.LookPath("dot"); err != nil {
		return
	}
	command := exec.Command("dot", "-Tplain")
	command.Stdin = bytes.NewReader(out.Bytes())
	if said, err := command.CombinedOutput(); err != nil {
		t.Errorf("dot: %v\n%s", err, said)
	}
}

func BenchmarkSVG(b *testing.B) {
	for _, n := range []int{25, 150, 1000} {
		g := &snapshot.Graph{
			Points: []string{"live"},
			Rows:   []snapshot.GraphRow{{Runlevels: []lsb.Runlevel{'2'}, Boots: []snapshot.GraphBoot{randomBoot(rand.New(rand.NewPCG(1, 1)), n)}}},
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if err := SVG(io.Discard, g); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
