package rootfs

import (
	"errors"
	"io/fs"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

func TestQuote(t *testing.T) {
	tests := []struct{ name, want string }{
		{"/etc/init.d/ssh", "/etc/init.d/ssh"},
		{"ünï→", "ünï→"},
		{`back\slash`, `back\slash`},
		{"", `""`},
		{"a b", `"a b"`},
		{"a\nb", `"a\nb"`},
		{"\x1b[31m", `"\x1b[31m"`},
		{"\xff", `"\xff"`},
		{`"x"`, `"\"x\""`},
		{"a\u202eb", `"a\u202eb"`}, // turns the direction of writing
		{"a\u00a0b", `"a\u00a0b"`}, // a space that is not ASCII
	}
	for _, tt := range tests {
		if got := Quote(tt.name); got != tt.want {
			t.Errorf("Quote(%q): got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestQuoteIsReversible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := string(rapid.SliceOf(rapid.Byte()).Draw(t, "name"))
		got := Quote(name)
		if len(got) > 0 && got[0] == '"' {
			got, _ = strconv.Unquote(got)
		}
		if got != name {
			t.Errorf("Quote(%q) stands for %q", name, got)
		}
	})
}

func TestPathError(t *testing.T) {
	err := fail("read", "/etc/a\nb", fs.ErrNotExist)
	if got, want := err.Error(), `cannot read "/etc/a\nb": file does not exist`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error("the cause is lost")
	}
	if fail("read", "/etc", nil) != nil {
		t.Error("an error without a cause")
	}
}
