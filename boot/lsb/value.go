package lsb

import "strings"

const separators = " ,;\t"

// Names splits the value of Provides or of a list of dependencies. Each single
// blank, comma or semicolon separates, and like in insserv the list ends at the
// first empty name: of "b, x" only b is read.
func (f Field) Names() []string { return splitNames(f.Value) }

func splitNames(value string) []string {
	var names []string
	for value != "" {
		end := strings.IndexAny(value, separators)
		if end < 0 {
			return append(names, value)
		}
		if end == 0 {
			break
		}
		names = append(names, value[:end])
		value = value[end+1:]
	}
	return names
}

// Runlevels reads the value of Default-Start or Default-Stop, each runlevel
// once, in the order written. Tokens longer than a character and unknown ones
// are ignored, as insserv does; "b" and "B", which insserv takes for a runlevel
// and then cannot use, are returned as wrong.
func (f Field) Runlevels() (levels []Runlevel, wrong []string) {
	seen := ""
	for _, token := range strings.FieldsFunc(f.Value, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		if token == "b" || token == "B" {
			wrong = append(wrong, token)
			continue
		}
		level, ok := ParseRunlevel(token)
		if ok && !strings.Contains(seen, level.String()) {
			levels = append(levels, level)
			seen += level.String()
		}
	}
	return levels, wrong
}
