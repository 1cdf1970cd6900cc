package profile

import (
	"bytes"
	"fmt"
	"strings"
)

// Kept is a line of a keep list: a script that conversions leave alone.
type Kept struct {
	Script string
	Line   int
	Reason string // empty if the line gives none
}

// ParseKeep reads a keep list: one script a line, with a reason after the name
// if there is one. What follows a # at the beginning of a word is a comment. A
// line that names no script, and a second one about the same, are left out with
// a warning, which begins with the number of the line.
func ParseKeep(text []byte) (kept []Kept, warnings []string) {
	first := map[string]int{}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		words := strings.Fields(string(line))
		for i, word := range words {
			if strings.HasPrefix(word, "#") {
				words = words[:i]
				break
			}
		}
		if len(words) == 0 {
			continue
		}
		name := words[0]
		switch {
		case strings.ContainsAny(name, "/\x00"):
			warnings = append(warnings, fmt.Sprintf("%d: %q is no name of a script", number, name))
		case first[name] > 0:
			warnings = append(warnings, fmt.Sprintf("%d: %q is in line %d already", number, name, first[name]))
		default:
			first[name] = number
			kept = append(kept, Kept{Script: name, Line: number, Reason: strings.Join(words[1:], " ")})
		}
	}
	return kept, warnings
}
