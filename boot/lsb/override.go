package lsb

import (
	"bytes"
	"errors"
	"fmt"
)

// Source says where the header in force comes from.
type Source int

// The places of a header, in the order in which insserv 1.18 and later look
// for it, last first.
const (
	FromNowhere Source = iota // none of them has a header
	FromScript                // the script itself
	FromVendor                // /usr/share/insserv/overrides
	FromLocal                 // /etc/insserv/overrides
)

var sourceNames = [...]string{"none", "script", "vendor override", "local override"}

func (s Source) String() string { return sourceNames[s] }

// Texts holds what may carry the header of one script; nil when there is no
// such regular file. Overrides are looked up by the base name of the file that
// the script's links end at.
type Texts struct {
	Script, Vendor, Local []byte
	Known                 Headers // may be nil
}

// Headers keeps headers that were read, by the memory that their texts are in:
// the same texts are asked for time and again, and nobody writes in them. It is
// for one goroutine at a time.
type Headers map[*byte]Header

func (known Headers) parse(text []byte) Header {
	if known == nil || len(text) == 0 {
		return ParseHeader(text)
	}
	h, ok := known[&text[0]]
	if !ok {
		h = ParseHeader(text)
		known[&text[0]] = h
	}
	return h
}

// InForce finds the header that insserv uses. It is always one as a whole:
// nothing is merged. From 1.18 on the first complete one counts of the local
// override, the vendor's and the script (scriptFirst false); before, the script
// comes before the vendor's override, and the local one, read last, wins with
// its first line alone (scriptFirst true).
//
// When none is complete, the header returned is not Found. The last result is
// where one stands that is Unterminated, which insserv refuses: from 1.18 on,
// the first that was looked at, whether or not it counts; before, the header
// returned. It is FromNowhere when there is none.
func (t Texts) InForce(scriptFirst bool) (h Header, from, unterminated Source) {
	read := func(text []byte, source Source) bool {
		if text == nil {
			return false
		}
		next := t.Known.parse(text)
		if next.Unterminated() && unterminated == FromNowhere {
			unterminated = source
		}
		if next.Begin == 0 {
			if h.Begin == 0 {
				h.Warnings = next.Warnings
			}
			return false
		}
		h, from = next, source
		return next.Found()
	}
	if scriptFirst {
		if !read(t.Script, FromScript) {
			read(t.Vendor, FromVendor)
		}
		read(t.Local, FromLocal)
		if !h.Unterminated() {
			return h, from, FromNowhere
		}
		return h, from, from
	}
	_ = read(t.Local, FromLocal) || read(t.Vendor, FromVendor) || read(t.Script, FromScript)
	return h, from, unterminated
}

// ErrNoHeader says that a text has no complete header to write an override of.
var ErrNoHeader = errors.New("no complete LSB header")

// Override writes the override that holds the header of text with some values
// replaced, and everything else as it stands there. Of a key that is given
// several times the first counts, and only that one is replaced; a key that is
// absent is added before the last line.
func Override(text []byte, values map[Key]string) ([]byte, error) {
	h := ParseHeader(text)
	if !h.Found() {
		return nil, fmt.Errorf("cannot write override: %w", ErrNoHeader)
	}
	replaced := map[int]Key{}
	for key := range values {
		replaced[h.Field(key).Line] = key
	}
	lines := bytes.Split(text, []byte("\n"))
	var out bytes.Buffer
	for number := h.Begin; number < h.End; number++ {
		if key, ok := replaced[number]; ok {
			writeField(&out, key, values[key])
			continue
		}
		out.Write(lines[number-1])
		out.WriteByte('\n')
	}
	for _, key := range writable {
		if value, ok := values[key]; ok && !h.Field(key).Present {
			writeField(&out, key, value)
		}
	}
	out.WriteString(EndLine + "\n")
	return out.Bytes(), nil
}

// writable lists the keys in the order in which Override adds missing ones.
var writable = []Key{
	Provides, RequiredStart, RequiredStop, ShouldStart, ShouldStop,
	StartBefore, StopAfter, DefaultStart, DefaultStop, Interactive,
}

func writeField(out *bytes.Buffer, key Key, value string) {
	if value == "" {
		fmt.Fprintf(out, "# %s:\n", key)
		return
	}
	fmt.Fprintf(out, "# %-18s %s\n", key+":", value)
}
