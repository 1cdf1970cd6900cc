package rootfs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/boot/rootfs/rootfstest"
)

func etc(t *testing.T, r *Root) *os.File {
	t.Helper()
	d, err := r.writable("etc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// TestSwapUndone holds that what was displaced by mistake is put back, whatever
// it is. It goes past the look that Replace takes first.
func TestSwapUndone(t *testing.T) {
	for _, line := range []string{
		"file etc/p 0644 edited", "file etc/p 0600 one", "link etc/p one", "dir etc/p", "file etc/p/x 0644 x",
		"fifo etc/p", "socket etc/p", "sparse etc/p 1099511627776",
	} {
		guest := rootfstest.New(t, line)
		before := rootfstest.Snapshot(t, guest)
		r := open(t, guest)
		d := etc(t, r)
		if err := r.exchange(d, "p", file(0o644, "one"), file(0o644, "two"), []byte("two")); !errors.Is(err, ErrChanged) {
			t.Errorf("exchange with %s: got %v, want ErrChanged", line, err)
		}
		if err := r.takeOut(d, "p", file(0o644, "one")); !errors.Is(err, ErrChanged) {
			t.Errorf("removal of %s: got %v, want ErrChanged", line, err)
		}
		for _, want := range []*Entry{file(0o644, ""), link("x"), dir(0o755)} {
			if err := r.add(d, "p", want, nil); !errors.Is(err, ErrChanged) {
				t.Errorf("%s where there is %s: got %v, want ErrChanged", want.Type, line, err)
			}
		}
		if diff := cmp.Diff(before, rootfstest.Snapshot(t, guest)); diff != "" {
			t.Errorf("%s: -want +got\n%s", line, diff)
		}
	}
	guest := rootfstest.New(t, "dir etc")
	r := open(t, guest)
	if err := r.exchange(etc(t, r), "p", link("x"), link("y"), nil); !errors.Is(err, ErrChanged) {
		t.Errorf("exchange with nothing: got %v, want ErrChanged", err)
	}
	if err := r.takeOut(etc(t, r), "p", link("x")); !errors.Is(err, ErrChanged) {
		t.Errorf("removal of nothing: got %v, want ErrChanged", err)
	}
}

// TestPutBack holds which of several versions stays when others keep on changing
// a path from which theirs was taken out: the newest.
func TestPutBack(t *testing.T) {
	tests := []struct {
		name  string
		since []string // what others did after ours was put in place
		want  string
	}{
		{"nothing", nil, "theirs"},
		{"replaced ours", []string{"file etc/new 0644 newer", "mv new"}, "newer"},
		{"removed ours", []string{"rm"}, "theirs"},
		{"wrote into ours", []string{"write newer"}, "newer"},
		{"wrote as much", []string{"write edit"}, "edit"},
	}
	for _, tt := range tests {
		guest := rootfstest.New(t, "file etc/p 0644 ours", "file etc/"+tempPrefix+"T 0644 theirs")
		r := open(t, guest)
		d := etc(t, r)
		ours, err := hold(d, "p")
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(guest, "etc/p")
		for _, act := range tt.since {
			switch verb, arg, _ := strings.Cut(act, " "); verb {
			case "mv":
				err = os.Rename(filepath.Join(guest, "etc", arg), path)
			case "rm":
				err = os.Remove(path)
			case "write":
				err = os.WriteFile(path, []byte(arg), 0o600)
			default:
				rootfstest.Build(t, guest, act)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := putBack(d, tempPrefix+"T", "p", ours); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		ours.close()
		if got, err := os.ReadFile(path); err != nil || string(got) != tt.want {
			t.Errorf("%s: got %q, %v, want %q", tt.name, got, err, tt.want)
		}
	}
}

// TestKept holds that a version that cannot go back is named in the error.
func TestKept(t *testing.T) {
	guest := t.TempDir()
	rootfstest.Build(t, guest, "dir etc")
	r := open(t, guest)
	err := putBack(etc(t, r), tempPrefix+"T", "p", nil)
	if !errors.Is(err, syscall.ENOENT) || !strings.Contains(fmt.Sprint(err), tempPrefix+"T") {
		t.Errorf("got %v", err)
	}
}

// TestWithoutRenameat2 holds the ways round flags that a file system lacks.
func TestWithoutRenameat2(t *testing.T) {
	for _, from := range []string{"file etc/a 0644 x", "link etc/a x", "dir etc/a"} {
		for _, to := range []string{"", "file etc/b 0644 y", "link etc/b y", "dir etc/b"} {
			guest := rootfstest.New(t, from)
			var fault error
			want := rootfstest.Snapshot(t, guest)
			want["/etc/b"] = want["/etc/a"]
			delete(want, "/etc/a")
			if to != "" {
				rootfstest.Build(t, guest, to)
				fault = syscall.EEXIST
				want = rootfstest.Snapshot(t, guest)
			}
			if err := moveByLink(etc(t, open(t, guest)), "a", "b"); !errors.Is(err, fault) {
				t.Errorf("%s to %q: got %v, want %v", from, to, err, fault)
			}
			if diff := cmp.Diff(want, rootfstest.Snapshot(t, guest)); diff != "" {
				t.Errorf("%s to %q: -want +got\n%s", from, to, diff)
			}
		}
	}

	guest := rootfstest.New(t, "file etc/a 0644 new", "file etc/b 0644 old")
	r := open(t, guest)
	d := etc(t, r)
	if err := r.swapPlainly(d, "a", "b", file(0o644, "other")); !errors.Is(err, ErrChanged) {
		t.Errorf("swap of another file: got %v, want ErrChanged", err)
	}
	if err := r.swapPlainly(d, "a", "b", file(0o644, "old")); err != nil {
		t.Error(err)
	}
	if err := r.compare(d, "b", file(0o644, "new")); err != nil {
		t.Errorf("after the swap: %v", err)
	}
}
