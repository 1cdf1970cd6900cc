package boot

import (
	"bytes"
	"strings"
)

// paragraph is one record of a file in the format of deb822(5): fields by their
// name in lower case. The lines of a value are joined by newlines, each without
// the blank that marks it as a continuation.
type paragraph map[string]string

// paragraphs calls do for each paragraph of a text with the fields that are
// wanted, named in lower case, until do gives false. Lines that are no field
// are skipped.
func paragraphs(text []byte, wanted map[string]bool, do func(paragraph) bool) {
	p := paragraph{}
	field := ""
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case len(bytes.TrimSpace(line)) == 0:
			if len(p) > 0 && !do(p) {
				return
			}
			p, field = paragraph{}, ""
		case line[0] == ' ' || line[0] == '\t':
			if field != "" {
				p[field] += "\n" + string(line[1:])
			}
		default:
			name, value, isField := bytes.Cut(line, []byte{':'})
			field = ""
			if key := strings.ToLower(string(name)); isField && wanted[key] {
				field = key
				p[key] = string(bytes.TrimSpace(value))
			}
		}
	}
	if len(p) > 0 {
		do(p)
	}
}
