package lsb

import (
	"bytes"
	"fmt"
	"strings"
)

// The lines around a header (LSB 3.1, 20.2).
const (
	BeginLine = "### BEGIN INIT INFO"
	EndLine   = "### END INIT INFO"
)

// lineMax is the longest piece of a line that insserv reads at a time; what is
// longer counts as several lines.
const lineMax = 2047

// Key names a field of a header, spelled as in LSB 3.1 and Debian Policy 9.3.
type Key string

// The keys that insserv acts on.
const (
	Provides      Key = "Provides"
	RequiredStart Key = "Required-Start"
	RequiredStop  Key = "Required-Stop"
	ShouldStart   Key = "Should-Start"
	ShouldStop    Key = "Should-Stop"
	StartBefore   Key = "X-Start-Before"
	StopAfter     Key = "X-Stop-After"
	DefaultStart  Key = "Default-Start"
	DefaultStop   Key = "Default-Stop"
	Interactive   Key = "X-Interactive"
)

// Field is one field of a header. An absent field and an empty one are not the
// same to insserv.
type Field struct {
	Present bool
	Value   string
	Line    int // first line of the text is 1; 0 when absent
}

// Warning is something in a header that a reader may not expect.
type Warning struct {
	Line int // 0 when it concerns the whole header
	Text string
}

// Header is the comment block of a script, or of an override, that tells
// insserv what it provides and needs.
type Header struct {
	Begin, End int // line numbers of the first and the last line of the block; 0 when missing

	Provides                    Field
	RequiredStart, RequiredStop Field
	ShouldStart, ShouldStop     Field
	StartBefore, StopAfter      Field
	DefaultStart, DefaultStop   Field
	Interactive                 Field
	// ExactInteractive is the first field spelled X-Interactive, without any
	// other prefix: the only one that insserv 1.12 knows.
	ExactInteractive Field

	Warnings []Warning
}

// Found reports whether the block has its first and its last line.
func (h Header) Found() bool { return h.Begin > 0 && h.End > 0 }

// Unterminated reports a block without its last line, which insserv refuses.
func (h Header) Unterminated() bool { return h.Begin > 0 && h.End == 0 }

// Field gives the field of a key; an unknown key gives an absent one.
func (h Header) Field(key Key) Field {
	if f := h.field(key); f != nil {
		return *f
	}
	return Field{}
}

func (h *Header) field(key Key) *Field {
	switch key {
	case Provides:
		return &h.Provides
	case RequiredStart:
		return &h.RequiredStart
	case RequiredStop:
		return &h.RequiredStop
	case ShouldStart:
		return &h.ShouldStart
	case ShouldStop:
		return &h.ShouldStop
	case StartBefore:
		return &h.StartBefore
	case StopAfter:
		return &h.StopAfter
	case DefaultStart:
		return &h.DefaultStart
	case DefaultStop:
		return &h.DefaultStop
	case Interactive:
		return &h.Interactive
	}
	return nil
}

// ParseHeader reads the header out of the text of a script or an override, as
// tolerant as insserv is: keys in any case, "_" for "-", values that end at the
// first byte that is not printable ASCII. It never fails; what is missing stays
// absent.
func ParseHeader(text []byte) Header {
	var h Header
	eachLine(text, func(number int, line string) bool {
		if h.Begin == 0 {
			if strings.Contains(line, BeginLine) {
				h.Begin = number
			}
			return true
		}
		h.readLine(number, line)
		if strings.Contains(line, EndLine) {
			h.End = number
		}
		return h.End == 0
	})
	h.missing()
	return h
}

// eachLine calls f for each piece of text that insserv reads as a line, without
// its newline, until f says stop. Like in C, a line ends at a NUL byte.
func eachLine(text []byte, f func(number int, line string) bool) {
	for number := 1; len(text) > 0; number++ {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		text = rest
		for first := true; first || len(line) > 0; first = false {
			// The newline counts towards the length, so that a line of
			// exactly lineMax bytes leaves it for the next piece.
			piece := line[:min(len(line), lineMax)]
			line = line[len(piece):]
			if nul := bytes.IndexByte(piece, 0); nul >= 0 {
				piece = piece[:nul]
			}
			if !f(number, string(piece)) {
				return
			}
		}
	}
}

func (h *Header) readLine(number int, line string) {
	name, value, ok := splitLine(line)
	if !ok {
		return
	}
	printable := printablePrefix(value)
	if key, ok := keyOf(name); ok {
		f := h.field(key)
		if f.Present {
			h.warn(number, "%s is given again, the one in line %d counts", key, f.Line)
			return
		}
		*f = Field{Present: true, Value: printable, Line: number}
		if strings.TrimRight(value, "\r") != printable {
			h.warn(number, "%s ends early, at a byte that is not printable ASCII", key)
		}
	}
	if strings.EqualFold(name, string(Interactive)) && !h.ExactInteractive.Present {
		h.ExactInteractive = Field{Present: true, Value: printable, Line: number}
	}
}

// splitLine takes "#  Name:  value" apart.
func splitLine(line string) (name, value string, ok bool) {
	line, ok = strings.CutPrefix(line, "#")
	if !ok {
		return "", "", false
	}
	name, value, ok = strings.Cut(strings.TrimLeft(line, " \t"), ":")
	return name, strings.TrimLeft(value, " \t"), ok
}

// keyOf finds the key that a name as written stands for. Runs of "-" and "_"
// count as one "-", and some keys take any prefix that starts with "X-".
func keyOf(written string) (Key, bool) {
	name := make([]byte, 0, len(written))
	for _, c := range []byte(written) {
		switch {
		case c == '-' || c == '_':
			if len(name) == 0 || name[len(name)-1] != '-' {
				name = append(name, '-')
			}
		case 'A' <= c && c <= 'Z':
			name = append(name, c|0x20)
		case 'a' <= c && c <= 'z', isDigit(c):
			name = append(name, c)
		default:
			return "", false
		}
	}
	switch s := string(name); s {
	case "provides":
		return Provides, true
	case "required-start":
		return RequiredStart, true
	case "required-stop":
		return RequiredStop, true
	case "default-start":
		return DefaultStart, true
	case "default-stop":
		return DefaultStop, true
	default:
		for _, k := range extensionKeys {
			if s == k.name || strings.HasPrefix(s, "x-") && strings.HasSuffix(s[len("x-"):], k.name) {
				return k.key, true
			}
		}
	}
	return "", false
}

// extensionKeys may carry a vendor's prefix.
var extensionKeys = []struct {
	name string
	key  Key
}{
	{"should-start", ShouldStart},
	{"should-stop", ShouldStop},
	{"start-before", StartBefore},
	{"stop-after", StopAfter},
	{"interactive", Interactive},
}

func printablePrefix(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return s[:i]
		}
	}
	return s
}

// missing warns of what insserv calls a broken or an incomplete header.
func (h *Header) missing() {
	switch {
	case h.Begin == 0:
		h.warn(0, "no %q line", BeginLine)
		return
	case h.End == 0:
		h.warn(h.Begin, "no %q line", EndLine)
	}
	for _, key := range []Key{Provides, RequiredStart, RequiredStop, DefaultStart, DefaultStop} {
		if !h.field(key).Present {
			h.warn(0, "no %s", key)
		}
	}
	if h.Provides.Present && h.Provides.Value == "" {
		h.warn(h.Provides.Line, "%s is empty", Provides)
	}
}

func (h *Header) warn(line int, format string, args ...any) {
	h.Warnings = append(h.Warnings, Warning{Line: line, Text: fmt.Sprintf(format, args...)})
}
