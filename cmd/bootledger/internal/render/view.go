package render

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

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

// clean is text that a terminal may see as it is.
type clean string

// say writes a line for people. Strings among args may come from the guest and
// are cleaned.
func (v *View) say(format string, args ...any) {
	for i, arg := range args {
		if text, isString := arg.(string); isString {
			args[i] = Clean(text)
		}
	}
	_, _ = fmt.Fprintf(v.w, format+"\n", args...) // a reader that went away is no failure of the verb
}

func (v *View) json(value any) error { return JSON(v.w, v.format.Pretty, value) }

func (v *View) table(header []string, rows [][]string) error {
	for _, row := range rows {
		for i := range row {
			row[i] = Clean(row[i])
		}
	}
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
func (v *View) tint(text string, attributes ...color.Attribute) clean {
	if !v.format.Color {
		return clean(Clean(text))
	}
	c := color.New(attributes...)
	c.EnableColor()
	return clean(c.Sprint(Clean(text)))
}

// quote makes a name of the guest's safe to show.
func quote(name string) string { return rootfs.Quote(name) }

// Clean makes a text safe to show: what a terminal could take for a command, and
// what is no UTF-8, is escaped as in Go.
func Clean(text string) string {
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == utf8.RuneError && text[i] != "\ufffd"[0]:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			escaped := strconv.QuoteRune(r)
			b.WriteString(escaped[1 : len(escaped)-1])
		}
	}
	return b.String()
}
