package rootfstest

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNew(t *testing.T) {
	dir := New(t,
		"dir etc/rc2.d 0750",
		"dir empty",
		"file etc/init.d/ssh 0755 hello",
		`file etc/quoted 0600 "two\nlines\n"`,
		"file etc/words 0644 a b  c",
		"file etc/nothing",
		"link etc/rc2.d/S01ssh ../init.d/ssh",
		`link "etc/a b" "to\nthere"`,
		"hard etc/other etc/init.d/ssh",
		"fifo run/initctl",
		"socket run/log",
		"sparse etc/big 1099511627776",
	)
	owner := strings.Fields(Snapshot(t, dir)["/"])[2]
	want := map[string]string{
		"/":                 "dir 0755 OWNER",
		"/empty":            "dir 0755 OWNER",
		"/etc":              "dir 0755 OWNER",
		"/etc/a b":          "symlink 0777 OWNER to\nthere",
		"/etc/big":          "file 0600 OWNER 1099511627776 bytes",
		"/etc/init.d":       "dir 0755 OWNER",
		"/etc/init.d/ssh":   "file 0755 OWNER 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
		"/etc/nothing":      "file 0644 OWNER e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"/etc/other":        "file 0755 OWNER 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
		"/etc/quoted":       "file 0600 OWNER ",
		"/etc/rc2.d":        "dir 0750 OWNER",
		"/etc/rc2.d/S01ssh": "symlink 0777 OWNER ../init.d/ssh",
		"/etc/words":        "file 0644 OWNER ",
		"/run":              "dir 0755 OWNER",
		"/run/initctl":      "other 0644 OWNER",
		"/run/log":          "other 0644 OWNER",
	}
	got := Snapshot(t, dir)
	for path, content := range map[string]string{"/etc/quoted": "two\nlines\n", "/etc/words": "a b  c"} {
		if b, err := os.ReadFile(filepath.Join(dir, path)); err != nil || string(b) != content {
			t.Errorf("%s: got %q, %v, want %q", path, b, err, content)
		}
		got[path] = got[path][:strings.LastIndexByte(got[path], ' ')+1]
	}
	for _, path := range slices.Collect(maps.Keys(want)) {
		want[path] = strings.Replace(want[path], "OWNER", owner, 1)
	}
	// The mode of the directory that testing gives depends on the umask.
	got["/"] = want["/"]
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestBuildRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, line := range []string{"", "what etc/x", "sparse x", "sparse x y", "device x 1", "file x 9", "hard x missing"} {
		if build(dir, line) == nil {
			t.Errorf("%q was built", line)
		}
	}
}

func TestExchange(t *testing.T) {
	dir := New(t, "file a 0644 a", "file b 0644 b")
	stop := Exchange(t, dir, "a", "b")
	n := stop()
	want := "ab"[n%2 : n%2+1]
	if got, err := os.ReadFile(filepath.Join(dir, "a")); err != nil || string(got) != want {
		t.Errorf("after %d exchanges: got %q, %v, want %q", n, got, err, want)
	}
}

// failing stands in for a test that must fail.
type failing struct {
	testing.TB
	cleanups []func()
	errors   int
}

func (f *failing) Helper()               {}
func (f *failing) Cleanup(c func())      { f.cleanups = append(f.cleanups, c) }
func (f *failing) Errorf(string, ...any) { f.errors++ }

func TestNoLeftovers(t *testing.T) {
	for line, want := range map[string]int{"file etc/x": 0, "link etc/.bootledger-A x": 1} {
		dir := t.TempDir()
		Build(t, dir, line)
		f := &failing{TB: t}
		NoLeftovers(f, dir)
		for _, c := range f.cleanups {
			c()
		}
		if f.errors != want {
			t.Errorf("%s: got %d errors, want %d", line, f.errors, want)
		}
	}
}
