package picture

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/snapshot"
)

// Sizes, in pixels.
const (
	margin     = 24.0
	titleRoom  = 26.0 // for the title of a boot
	headRoom   = 22.0 // for the headings of its columns
	rowGap     = 36.0
	bootGap    = 14.0 // between two boots of a row
	legendRoom = 96.0
	legendMin  = 680.0 // what the legend needs
	titleScale = 15.0 / 12
)

const svgHead = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]s %[2]s" width="%[1]s" height="%[2]s" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="12">
<title>Boot order</title>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" fill="context-stroke"/></marker></defs>
<style>
text { dominant-baseline: central; fill: #1b1f24 }
.title { font-size: 15px; font-weight: bold }
.heading, .tag { fill: #57606a }
.box { fill: #ddf4ff; stroke: #0969da }
.off .box { fill: none; stroke: #57606a; stroke-dasharray: 4 3 }
.wire { fill: none; stroke: #6e7781; stroke-width: 1.2 }
.idle { stroke-dasharray: 4 3; stroke: #afb8c1 }
.against { stroke-dasharray: 1 3; stroke-width: 2; stroke: #cf222e; stroke-linecap: round }
</style>
<rect width="100%%" height="100%%" fill="#ffffff"/>
`

// SVG draws a graph. Its names are spelled so that a terminal may see them.
func SVG(w io.Writer, g *snapshot.Graph) error {
	p := &svg{Writer: bufio.NewWriter(w)}
	boots, width, height := arrangeAll(g)
	p.printf(svgHead, px(width), px(height))
	for _, b := range boots {
		p.boot(b)
	}
	p.legend(height - legendRoom)
	p.printf("</svg>\n")
	return p.Flush()
}

type svg struct{ *bufio.Writer }

// printf writes; Flush reports what went wrong.
func (p *svg) printf(format string, args ...any) { _, _ = fmt.Fprintf(p, format, args...) }

// placed is one boot with its place in the picture, in pixels from the top.
type placed struct {
	*layout
	boot  snapshot.GraphBoot
	title string
	top   float64
}

// arrangeAll lays every boot out, one below the other, the boots of one row near
// each other. It gives the size of the whole picture.
func arrangeAll(g *snapshot.Graph) (boots []placed, width, height float64) {
	width, height = legendMin, margin
	for _, row := range g.Rows {
		for i, b := range row.Boots {
			at := placed{layout: arrange(b), boot: b, title: title(g.Points[i], row.Runlevels, b), top: height}
			boots = append(boots, at)
			width = max(width, 2*margin+max(at.width, textWidth(at.title)*titleScale))
			height += titleRoom + headRoom + at.height + bootGap
		}
		height += rowGap - bootGap
	}
	return boots, width, height + legendRoom
}

func title(point string, runlevels []lsb.Runlevel, b snapshot.GraphBoot) string {
	words := make([]string, 0, len(runlevels))
	for _, level := range runlevels {
		words = append(words, level.String())
	}
	off := 0
	for _, script := range b.Scripts {
		if script.Off != "" {
			off++
		}
	}
	kind := "Runlevel "
	if len(words) > 1 {
		kind = "Runlevels "
	}
	return fmt.Sprintf("%s%s, %s: %d scripts run, %d are off", kind, strings.Join(words, " "), point, len(b.Scripts)-off, off)
}

func (p *svg) boot(at placed) {
	p.printf("<g transform=\"translate(%s %s)\">\n", px(margin), px(at.top))
	p.text("title", 0, titleRoom/2, at.title)
	p.printf("<g transform=\"translate(0 %s)\">\n", px(titleRoom+headRoom))
	for _, c := range at.columns {
		p.text("heading", c.x, -headRoom/2, c.heading)
	}
	for _, w := range at.wires {
		p.wire(at.layout, w)
	}
	for _, b := range at.bows {
		p.bow(at.layout, b)
	}
	waits := waitsFor(at.boot)
	for _, c := range at.columns {
		for _, s := range c.slots {
			if s.script != noScript {
				p.box(c, s, at.boot.Scripts[s.script], waits[s.script])
			}
		}
	}
	p.printf("</g>\n</g>\n")
}

// waitsFor tells for each script of a boot what it waits for, and which header
// says so.
func waitsFor(b snapshot.GraphBoot) map[int][]string {
	waits := map[int][]string{}
	for _, d := range b.Dependencies {
		waits[d.To] = append(waits[d.To], fmt.Sprintf("%s (%s of %s)", rootfs.Quote(b.Scripts[d.From].Name), d.Key, rootfs.Quote(d.Owner)))
	}
	return waits
}

func (p *svg) box(c column, s *slot, script snapshot.GraphScript, waits []string) {
	class := "on"
	if script.Off != "" {
		class = "off"
	}
	p.printf(`<g class="%s"><title>`, class)
	p.escape(s.label)
	if place := script.Place(); place != "" {
		p.printf(", %s", place)
	}
	if script.Package != "" {
		p.escape(", package " + script.Package)
	}
	if script.Off != "" {
		p.escape("\noff: " + script.Off)
	}
	for _, wait := range waits {
		p.escape("\nafter " + wait)
	}
	p.printf("</title><rect class=\"box\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" rx=\"4\"/>", px(c.x), px(s.y-s.h/2), px(c.w), px(s.h))
	p.text("name", c.x+boxPadding, s.y, s.label)
	if s.tag != "" {
		p.text("tag", c.x+boxPadding+textWidth(s.label+" "), s.y, s.tag)
	}
	p.printf("</g>\n")
}

// text writes words that take exactly the room that the layout has for them,
// whatever font is there.
func (p *svg) text(class string, x, y float64, words string) {
	if words == "" {
		return
	}
	width := textWidth(words)
	if class == "title" {
		width *= titleScale
	}
	p.printf(`<text class="%s" x="%s" y="%s" textLength="%s" lengthAdjust="spacingAndGlyphs">`, class, px(x), px(y), px(width))
	p.escape(words)
	p.printf("</text>\n")
}

// wire draws a piece of a line between two columns, and along the column in
// which it ends if it only passes by there.
func (p *svg) wire(l *layout, w wire) {
	from, to := l.columns[w.from.column], l.columns[w.to.column]
	x0, x1 := from.x+from.w, to.x
	bend := (x1 - x0) / 2
	p.printf(`<path class="wire%s" d="M%s %sC%s %s %s %s %s %s`, w.style.class(), px(x0), px(w.from.y), px(x0+bend), px(w.from.y), px(x1-bend), px(w.to.y), px(x1), px(w.to.y))
	if w.to.script == noScript {
		p.printf("h%s", px(to.w))
	}
	p.printf(`"%s/>`+"\n", arrowhead(w.arrow, w.reversed))
}

func (p *svg) bow(l *layout, b bow) {
	x := l.columns[b.from.column].x
	p.printf(`<path class="wire%s" d="M%s %sC%s %s %s %s %s %s"%s/>`+"\n", b.style.class(), px(x), px(b.from.y),
		px(x-b.depth), px(b.from.y), px(x-b.depth), px(b.to.y), px(x), px(b.to.y), arrowhead(true, false))
}

func arrowhead(shown, atStart bool) string {
	switch {
	case !shown:
		return ""
	case atStart:
		return ` marker-start="url(#arrow)"`
	default:
		return ` marker-end="url(#arrow)"`
	}
}

func (s style) class() string { return [...]string{"", " idle", " against"}[s] }

// legend says what the picture's signs mean.
func (p *svg) legend(top float64) {
	const words = margin + 90 + 16 // right of the samples
	lines := []struct{ drawing, meaning string }{
		{`<path class="wire" d="M0 0h90" marker-end="url(#arrow)"/>`, "the right one waits for the left one; what other lines say already is left out"},
		{`<path class="wire idle" d="M0 0h90" marker-end="url(#arrow)"/>`, "it would, but one of the two does not run"},
		{`<path class="wire against" d="M0 0h90" marker-end="url(#arrow)"/>`, "the headers want it so, and the links run them the other way round"},
		{`<g class="off"><rect class="box" y="-9" width="90" height="18" rx="4"/><text class="name" x="8">name</text><text class="tag" x="60">off</text></g>`, "does not run here, and would if it were enabled"},
	}
	for i, line := range lines {
		y := top + float64(i)*22
		p.printf("<g transform=\"translate(%s %s)\">%s</g>\n", px(margin), px(y), line.drawing)
		p.text("meaning", words, y, line.meaning)
	}
}

func (p *svg) escape(text string) {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	p.printf("%s", b.String())
}

// px writes a length with a tenth of a pixel.
func px(v float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
}
