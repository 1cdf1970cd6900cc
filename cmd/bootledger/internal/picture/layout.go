package picture

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/snapshot"
)

// Sizes, in pixels.
const (
	letter     = 7.25 // width of one letter of a name
	boxHeight  = 22.0
	boxPadding = 8.0
	wireHeight = 5.0 // of the way that a line takes past the boxes of a column
	spacing    = 8.0 // between what stands in a column
	gapMin     = 34.0
	gapMax     = 110.0
)

// layout is where everything of one boot goes, from its top left corner.
type layout struct {
	columns       []column
	wires         []wire
	bows          []bow
	width, height float64
}

// column is a column of boxes, and of lines that pass by.
type column struct {
	heading string
	slots   []*slot // from top to bottom
	x, w    float64
}

// slot is a place in a column: a box, or a line on its way to a later column.
type slot struct {
	column      int
	script      int // index into the boot's scripts; noScript for a line
	label, tag  string
	y, h        float64 // of its middle; its height
	left, right []*slot // what it is joined to in the columns beside
}

const noScript = -1

// wire is a piece of a line: from a slot to one in the next column.
type wire struct {
	from, to *slot
	style    style
	arrow    bool // the line ends here
	reversed bool // the line runs from right to left: its arrow is at from
}

// bow joins two boxes of one column.
type bow struct {
	from, to *slot
	depth    float64
	style    style
}

// style says what a line stands for.
type style int

const (
	holds   style = iota // both run, and in this order
	idle                 // one of the two does not run
	against              // both run, but the other way round
)

// arrange lays a boot out.
func arrange(boot snapshot.GraphBoot) *layout {
	l := &layout{}
	columns, headings := columnsOf(boot)
	for _, heading := range headings {
		l.columns = append(l.columns, column{heading: heading})
	}
	boxes := make([]*slot, len(boot.Scripts))
	for i, script := range boot.Scripts {
		boxes[i] = l.addSlot(columns[i], i, boxHeight)
		boxes[i].label = rootfs.Quote(script.Name)
		if script.Off != "" {
			boxes[i].tag = "off"
		}
	}
	pairs := needed(boot, columns)
	lines := make([]int, len(boot.Scripts)) // at each box
	for _, p := range pairs {
		lines[p.from]++
		lines[p.to]++
	}
	j := joiner{layout: l, trunks: map[trunk]*slot{}, joined: map[wire]bool{}}
	for _, p := range pairs {
		how := holds
		switch {
		case boot.Scripts[p.from].Off != "" || boot.Scripts[p.to].Off != "":
			how = idle
		case columns[p.from] > columns[p.to]:
			how = against
		}
		if columns[p.from] == columns[p.to] {
			l.bows = append(l.bows, bow{from: boxes[p.from], to: boxes[p.to], style: how})
			continue
		}
		busier := p.from
		if lines[p.to] > lines[p.from] {
			busier = p.to
		}
		j.join(boxes[p.from], boxes[p.to], trunk{script: busier, style: how})
	}
	l.untangle()
	l.place()
	return l
}

func (l *layout) addSlot(at, script int, height float64) *slot {
	s := &slot{column: at, script: script, h: height}
	l.columns[at].slots = append(l.columns[at].slots, s)
	return s
}

// trunk is the part in one column that the lines of one style at one box have
// in common.
type trunk struct {
	script, column int
	style          style
	outgoing       bool // the lines lead away from the box
	reversed       bool
}

// joiner leads lines from box to box.
type joiner struct {
	*layout
	trunks map[trunk]*slot
	joined map[wire]bool
}

// join leads a line from one box to another, along the trunk as far as others
// have led theirs.
func (j *joiner) join(from, to *slot, along trunk) {
	first, last := from, to
	along.outgoing = along.script == from.script
	along.reversed = from.column > to.column
	if along.reversed {
		first, last = to, from
	}
	at := first
	for along.column = first.column + 1; along.column < last.column; along.column++ {
		way, there := j.trunks[along]
		if !there {
			way = j.addSlot(along.column, noScript, wireHeight)
			j.trunks[along] = way
		}
		j.connect(wire{from: at, to: way, style: along.style, reversed: along.reversed, arrow: along.reversed && at == first})
		at = way
	}
	j.connect(wire{from: at, to: last, style: along.style, reversed: along.reversed, arrow: !along.reversed || at == first})
}

func (j *joiner) connect(w wire) {
	if !j.joined[w] {
		j.joined[w] = true
		j.wires = append(j.wires, w)
		w.from.right = append(w.from.right, w.to)
		w.to.left = append(w.to.left, w.from)
	}
}

// place gives every slot its place, in the order that its column has.
func (l *layout) place() {
	for _, c := range l.columns {
		y := 0.0
		for _, s := range c.slots {
			s.y = y + s.h/2
			y += s.h + spacing
		}
	}
	for range 8 {
		for _, c := range l.columns {
			c.align(func(s *slot) []*slot { return s.left })
		}
		for _, c := range slices.Backward(l.columns) {
			c.align(func(s *slot) []*slot { return s.right })
		}
	}
	top := math.Inf(1)
	for _, c := range l.columns {
		top = min(top, c.slots[0].y-c.slots[0].h/2)
	}
	for _, c := range l.columns {
		for _, s := range c.slots {
			s.y -= top
			l.height = max(l.height, s.y+s.h/2)
		}
	}

	crossing := make([]int, len(l.columns)+1) // lines in the gap before each column
	for _, w := range l.wires {
		crossing[w.to.column]++
	}
	l.bend(crossing)
	for i := range l.columns {
		c := &l.columns[i]
		gap := min(gapMin+1.5*float64(crossing[i]), gapMax)
		if i == 0 && crossing[0] == 0 {
			gap = 0
		}
		c.x = l.width + gap
		c.w = textWidth(c.heading)
		for _, s := range c.slots {
			c.w = max(c.w, s.width())
		}
		l.width = c.x + c.w
	}
}

// bend says how far the bows reach into the gap before their column.
func (l *layout) bend(crossing []int) {
	slices.SortStableFunc(l.bows, func(a, b bow) int { return cmp.Compare(a.span(), b.span()) })
	count := make([]int, len(l.columns))
	for i := range l.bows {
		c := l.bows[i].from.column
		count[c]++
		crossing[c]++
		l.bows[i].depth = min(12+4*float64(count[c]), gapMin)
	}
}

func (b bow) span() float64 { return max(b.from.y-b.to.y, b.to.y-b.from.y) }

// width is how wide a box has to be for its text.
func (s *slot) width() float64 {
	if s.script == noScript {
		return 0
	}
	return textWidth(s.text()) + 2*boxPadding
}

// text is all that is written in a box.
func (s *slot) text() string { return strings.TrimRight(s.label+" "+s.tag, " ") }

func textWidth(text string) float64 { return letter * float64(utf8.RuneCountInString(text)) }

// align moves the slots of a column as near as it can to the middle of what they
// are joined to, in their order and without touching. The result has the least
// sum of squared distances: neighbours that would collide form a block, which
// takes the mean of what they want.
func (c *column) align(joined func(*slot) []*slot) {
	type block struct {
		sum   float64 // of what its slots want, each less its offset
		count int
	}
	var blocks []block
	offsets := make([]float64, len(c.slots))
	for i, s := range c.slots {
		if i > 0 {
			offsets[i] = offsets[i-1] + c.slots[i-1].h/2 + spacing + s.h/2
		}
		want := s.y
		if others := joined(s); len(others) > 0 {
			want = 0
			for _, other := range others {
				want += other.y
			}
			want /= float64(len(others))
		}
		blocks = append(blocks, block{want - offsets[i], 1})
		for n := len(blocks); n > 1; n-- {
			a, b := blocks[n-2], blocks[n-1]
			if a.sum/float64(a.count) <= b.sum/float64(b.count) {
				break
			}
			blocks = append(blocks[:n-2], block{a.sum + b.sum, a.count + b.count})
		}
	}
	i := 0
	for _, b := range blocks {
		for range b.count {
			c.slots[i].y = b.sum/float64(b.count) + offsets[i]
			i++
		}
	}
}
