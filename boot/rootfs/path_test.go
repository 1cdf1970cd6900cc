package rootfs

import (
	"errors"
	"path"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	tests := []struct{ path, dir, name string }{
		{"/", ".", "."},
		{"/etc", ".", "etc"},
		{"/etc/rc2.d/S01x", "etc/rc2.d", "S01x"},
		{"/etc/...", "etc", "..."},
		{"/etc/a\nb\xff", "etc", "a\nb\xff"},
	}
	for _, tt := range tests {
		dir, name, err := split(tt.path)
		if err != nil || dir != tt.dir || name != tt.name {
			t.Errorf("split(%q): got %q, %q, %v, want %q, %q", tt.path, dir, name, err, tt.dir, tt.name)
		}
	}
	for _, p := range []string{"", ".", "etc", "etc/x", "../x", "/..", "/../etc", "/etc/../x", "/etc/", "//etc", "/etc//x", "/./etc", "/etc/.", "/etc/x\x00y"} {
		if _, _, err := split(p); !errors.Is(err, ErrOutside) {
			t.Errorf("split(%q): got %v, want ErrOutside", p, err)
		}
	}
}

func FuzzSplit(f *testing.F) {
	for _, p := range []string{"/", "/etc/rc2.d/S01x", "/etc/../x", "//", "/a/", "x", "/a\x00", "/..", "/.../..x"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		dir, name, err := split(p)
		if err != nil {
			if !errors.Is(err, ErrOutside) {
				t.Fatalf("split(%q): got %v, want ErrOutside", p, err)
			}
			return
		}
		if got := path.Join("/", dir, name); got != p {
			t.Errorf("split(%q) joins to %q", p, got)
		}
		if p != "/" && !single(name) {
			t.Errorf("split(%q): name %q is not single", p, name)
		}
		for part := range strings.SplitSeq(dir, "/") {
			if part != "." && !single(part) || part == "." && dir != "." {
				t.Errorf("split(%q): directory %q is not clean", p, dir)
			}
		}
	})
}
