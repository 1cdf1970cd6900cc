package snapshot

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestPatchLines(t *testing.T) {
	const from, to = "a\n#b\n#c\n+\nx\nd\n", "a\nb\nc\nd\n"
	for name, test := range map[string]struct {
		current, want string
		left          []string
	}{
		"nobody else":      {from, to, nil},
		"elsewhere":        {"new\na\n#b\n#c\n+\nx\nd\nend", "new\na\nb\nc\nd\nend", nil},
		"done already":     {to, to, nil},
		"the line itself":  {"a\n#b\n#changed\n+\nx\nd\n", "a\n#b\n#changed\n+\nx\nd\n", []string{"#b"}},
		"part of a line":   {"a\nx#b\n#c\n+\nx\nd\n", "a\nx#b\n#c\n+\nx\nd\n", []string{"#b"}},
		"nothing is there": {"", "", []string{"#b"}},
	} {
		got, left := patchLines(test.current, from, to)
		if got != test.want || !cmp.Equal(left, test.left) {
			t.Errorf("%s: got %q, left %q, want %q, %q", name, got, left, test.want, test.left)
		}
	}
}

// TestPatchLinesProperty: what is patched one way and back is as before, with
// the lines of a third hand at both ends.
func TestPatchLinesProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[abc]{1,2}\n`)
		from := strings.Join(rapid.SliceOf(word).Draw(t, "from"), "")
		to := strings.Join(rapid.SliceOf(word).Draw(t, "to"), "")
		got, left := patchLines(from, from, to)
		if got != to || left != nil {
			t.Fatalf("got %q, left %q, want %q", got, left, to)
		}
	})
}
