package rootfs

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/bootledger/bootledger/boot/rootfs/rootfstest"
)

// open opens the guest in dir for the length of a test.
func open(t testing.TB, dir string) *Root {
	t.Helper()
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func needRoot(t testing.TB, why string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: " + why)
	}
}

func TestOpen(t *testing.T) {
	dir := rootfstest.New(t, "file x", "link root .")
	r := open(t, filepath.Join(dir, "root"))
	if got, want := r.Name(), filepath.Join(dir, "root"); got != want {
		t.Errorf("name: got %s, want %s", got, want)
	}
	if uid, gid := r.Owner(); uid != os.Geteuid() || gid != os.Getegid() {
		t.Errorf("owner: got %d:%d, want %d:%d", uid, gid, os.Geteuid(), os.Getegid())
	}
	if r.Live() {
		t.Error("a directory of its own counts as live")
	}
	if !open(t, "/").Live() {
		t.Error("/ does not count as live")
	}

	for _, tt := range []struct {
		dir  string
		want error
	}{
		{filepath.Join(dir, "missing"), fs.ErrNotExist},
		{filepath.Join(dir, "x"), syscall.ENOTDIR},
	} {
		if _, err := Open(tt.dir); !errors.Is(err, tt.want) {
			t.Errorf("Open(%s): got %v, want %v", tt.dir, err, tt.want)
		}
	}
}

func TestIDs(t *testing.T) {
	tests := []struct {
		host, base uint32
		guest      int
	}{
		{0, 0, 0},
		{65534, 0, 65534},
		{100000, 100000, 0},
		{100033, 100000, 33},
		{99999, 100000, nobody},
		{0, 100000, nobody},
		{math.MaxUint32 - 1, 0, nobody}, // more than an int holds on 32 bits
	}
	for _, tt := range tests {
		if got := guestID(tt.host, tt.base); got != tt.guest {
			t.Errorf("guestID(%d, %d): got %d, want %d", tt.host, tt.base, got, tt.guest)
		}
		if tt.guest == nobody {
			continue
		}
		if got, err := hostID(tt.guest, tt.base); err != nil || got != tt.host {
			t.Errorf("hostID(%d, %d): got %d, %v, want %d", tt.guest, tt.base, got, err, tt.host)
		}
	}
	for _, tt := range []struct {
		guest int
		base  uint32
	}{{-1, 0}, {nobody, 100000}, {1, math.MaxUint32 - 1}, {0, math.MaxUint32}} {
		if got, err := hostID(tt.guest, tt.base); err == nil {
			t.Errorf("hostID(%d, %d): got %d, want an error", tt.guest, tt.base, got)
		}
	}
	if got, err := hostID(nobody, 0); err != nil || got != nobody {
		t.Errorf("hostID(nobody, 0): got %d, %v", got, err)
	}
}
