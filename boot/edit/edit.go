// Package edit knows which lines of a guest's text files a container is better off
// without, and what to put in their place. It never replaces a file: lines that
// it does not know stay as they are, byte for byte, and a line that goes stays as
// a comment behind Marker.
package edit

import (
	"bytes"
	"maps"
	"slices"
	"strings"
)

// Marker begins every line that an edit wrote as a comment. What follows it is
// the line that was taken out, or the note that the next line was added.
const Marker = "#bootledger: "

// added is the note above a line that an edit added.
const added = Marker + "added\n"

// Mtab lists what is mounted, as mount(8) wrote it where it is no symlink to what
// the kernel says.
const Mtab = "/etc/mtab"

// Options are what a profile may set.
type Options struct {
	TTYs int // how many virtual terminals the container has: tty1 up to that
}

// Line is one edit: a line that becomes others.
type Line struct {
	Number int    // of the line, or of the one that the addition comes before
	Before string // without the newline; empty for an addition
	After  string
}

// rule is a kind of edit: the file that it is about, and what it makes of it.
type rule struct {
	path   string
	do     func(*text, Options)
	target string // of the symlink that takes the file's place, instead of do
}

var rules = map[string]rule{
	"fstab-devices":      {path: Fstab, do: takeOutDevices},
	"inittab-gettys":     {path: Inittab, do: takeOutGettys},
	"mtab-link":          {path: Mtab, target: "../proc/self/mounts"},
	"inittab-serial":     {path: Inittab, do: takeOutSerial},
	"inittab-power":      {path: Inittab, do: haltOnPower},
	"inittab-ctrlaltdel": {path: Inittab, do: rebootOnCtrlAltDel},
	"inittab-console":    {path: Inittab, do: addConsole},
}

// Names lists the kinds of edits.
func Names() []string { return slices.Sorted(maps.Keys(rules)) }

// Path gives the file that a kind of edit is about, empty for an unknown kind.
func Path(name string) string { return rules[name].path }

// Target gives the target of the symlink that is to be in the place of a file,
// empty for kinds that edit lines.
func Target(name string) string { return rules[name].target }

// Known reports whether edits are made in the file at path.
func Known(path string) bool {
	for _, r := range rules {
		if r.path == path {
			return true
		}
	}
	return false
}

// Apply makes an edit of the named kind. Made twice, it finds nothing to do the
// second time.
func Apply(name string, content []byte, o Options) (after []byte, lines []Line) {
	r, known := rules[name]
	if !known || r.do == nil {
		return content, nil
	}
	t := &text{lines: slices.Collect(bytes.Lines(content))}
	r.do(t, o)
	return bytes.Join(t.lines, nil), t.edits
}

// text is a file that is being edited, as lines with their newlines.
type text struct {
	lines [][]byte
	edits []Line
}

// takeOut makes line i a comment.
func (t *text) takeOut(i int) {
	before := t.lines[i]
	t.lines[i] = append([]byte(Marker), before...)
	t.edits = append(t.edits, Line{Number: i + 1, Before: trimmed(before), After: trimmed(t.lines[i])})
}

// add puts a line before line i.
func (t *text) add(i int, line string) {
	note := added
	if i > 0 && !bytes.HasSuffix(t.lines[i-1], []byte("\n")) {
		note = "\n" + note
	}
	t.lines = slices.Insert(t.lines, i, []byte(note+line+"\n"))
	t.edits = append(t.edits, Line{Number: i + 1, After: line})
}

func trimmed(line []byte) string { return strings.TrimRight(string(line), "\r\n") }
