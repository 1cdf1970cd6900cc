package snapshot

import (
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// patchLines does to current what turns from into to. Each place at which the two
// differ is looked for in current: the whole lines that from has there, nearest
// to where they were. Places that are as in to already, or that somebody else
// changed, are left as they are; the latter are listed by their first line.
func patchLines(current, from, to string) (patched string, left []string) {
	shift := 0 // how far places in current lie behind those in from
	for _, e := range udiff.Lines(from, to) {
		old := from[e.Start:e.End]
		var at int
		if old == "" {
			at = insertion(current, from[:e.Start], e.Start+shift)
			if at >= 0 && strings.HasPrefix(current[at:], e.New) {
				continue
			}
		} else {
			at = findLines(current, old, e.Start+shift)
		}
		if at < 0 {
			if e.New == "" || findLines(current, e.New, e.Start+shift) < 0 {
				first, _, _ := strings.Cut(old, "\n")
				left = append(left, first)
			}
			continue
		}
		current = current[:at] + e.New + current[at+len(old):]
		shift = at + len(e.New) - e.End
	}
	return current, left
}

// insertion finds where lines belong that came behind the text above: behind its
// last line, or at the end where that one is gone.
func insertion(current, above string, near int) int {
	if above == "" {
		return 0
	}
	last := above[strings.LastIndexByte(above[:len(above)-1], '\n')+1:]
	if at := findLines(current, last, near-len(last)); at >= 0 {
		return at + len(last)
	}
	if current != "" && !strings.HasSuffix(current, "\n") {
		return -1
	}
	return len(current)
}

// findLines finds whole lines in a text, nearest to a place; -1 if they are not
// there.
func findLines(text, lines string, near int) int {
	best := -1
	for from := 0; from <= len(text); {
		i := strings.Index(text[from:], lines)
		if i < 0 {
			break
		}
		at := from + i
		end := at + len(lines)
		whole := (at == 0 || text[at-1] == '\n') && (end == len(text) || strings.HasSuffix(lines, "\n"))
		if whole && (best < 0 || abs(at-near) < abs(best-near)) {
			best = at
		}
		from = at + 1
	}
	return best
}

func abs(n int) int { return max(n, -n) }
