package render

import (
	"strings"
	"testing"

	"github.com/fatih/color"
)

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"sets up the café's \"disk\"": "sets up the café's \"disk\"",
		`"two\nlines"`:                `"two\nlines"`,
		"\x1b]0;owned\a":              `\x1b]0;owned\a`,
		"a\r\nb":                      `a\r\nb`,
		"\xff\xfe":                    `\xff\xfe`,
		"\u202egnp.exe":               `\u202egnp.exe`,
		"\u009b31m":                   `\u009b31m`,
		"\ufffd":                      "\ufffd",
	} {
		got := Clean(text)
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
		if again := Clean(got); again != got {
			t.Errorf("%q: cleaned twice it is %q, want %q", text, again, got)
		}
	}
}

// TestViewIsClean shows that no way out of a View lets a guest's words reach a
// terminal as commands.
func TestViewIsClean(t *testing.T) {
	const hostile = "\x1b[2J\n"
	var out strings.Builder
	v := NewView(&out, Format{Legend: true})
	v.say("%s %s", hostile, v.tint(hostile, color.FgRed))
	if err := v.table([]string{"A"}, [][]string{{hostile}}); err != nil {
		t.Fatal(err)
	}
	want := `\x1b[2J\n \x1b[2J\n` + "\nA\n" + `\x1b[2J\n` + "\n"
	if got := out.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
