package boot

import (
	"bytes"
	"slices"
	"strings"
)

// paragraph is one record of a file in the format of deb822(5): fields by their
// name in lower case. The lines of a value are joined by newlines, each without
// the blank that marks it as a continuation.
type paragraph map[string]string

// paragraphs calls do for each paragraph of a text with the fields that are
// wanted, named in lower case, until do gives false. Lines that are no field
// are skipped.
func paragraphs(text []byte, wanted []string, do func(paragraph) bool) {
	p := paragraph{}
	var field string
	var value []byte
	end := func() {
		if field != "" {
			p[field] = string(value)
		}
		field = ""
	}
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case len(bytes.TrimSpace(line)) == 0:
			end()
			if len(p) > 0 && !do(p) {
				return
			}
			p = paragraph{}
		case line[0] == ' ' || line[0] == '\t':
			if field != "" {
				value = append(append(value, '\n'), line[1:]...)
			}
		default:
			end()
			name, rest, isField := bytes.Cut(line, []byte{':'})
			is := func(key string) bool { return len(key) == len(name) && strings.EqualFold(key, string(name)) }
			if i := slices.IndexFunc(wanted, is); isField && i >= 0 {
				field, value = wanted[i], append(value[:0], bytes.TrimSpace(rest)...)
			}
		}
	}
	end()
	if len(p) > 0 {
		do(p)
	}
}
