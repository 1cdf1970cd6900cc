package render

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/fatih/color"

	"github.com/bootledger/bootledger/boot/rootfs"
)

// Format says what a user wants to see.
type Format struct {
	JSON    bool
	Pretty  bool
	Legend  bool // header and closing count of tables
	Quiet   bool
	Verbose bool
	Color   bool
}

// View writes values to a stream in one format.
type View struct {
	w      io.Writer
	format Format
}

// NewView writes to w.
func NewView(w io.Writer, format Format) *View { return &View{w: w, format: format} }

// say writes a line for people.
func (v *View) say(format string, args ...any) {
	_, _ = fmt.Fprintf(v.w, format+"\n", args...) // a reader that went away is no failure of the verb
}

func (v *View) json(value any) error { return JSON(v.w, v.format.Pretty, value) }

func (v *View) table(header []string, rows [][]string) error {
	return Table(v.w, v.format.Legend, header, rows)
}

// count is the closing line of a table.
func (v *View) count(n int, one, many string) {
	if v.format.Legend {
		v.say("\n%s", plural(n, one, many))
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// tint colours text if the format asks for colours.
func (v *View) tint(text string, attributes ...color.Attribute) string {
	if !v.format.Color {
		return text
	}
	c := color.New(attributes...)
	c.EnableColor()
	return c.Sprint(text)
}

// quote makes a name of the guest's safe to show.
func quote(name string) string { return rootfs.Quote(name) }

// Clean makes a text of several words safe to show: what a terminal could take
// for a command is escaped.
func Clean(text string) string {
	quoted := strconv.Quote(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}
