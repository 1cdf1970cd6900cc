package rootfs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/bootledger/bootledger/boot/rootfs/rootfstest"
)

func TestOpenDir(t *testing.T) {
	guest, _ := plant(t)
	rootfstest.Build(t, guest, "dir var 0755", "file etc/x")
	r := open(t, guest)
	h, err := r.OpenDir("/var/lib/bootledger", 0o700)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	for path, mode := range map[string]uint32{"/var": 0o755, "/var/lib": 0o755, "/var/lib/bootledger": 0o700} {
		if e, err := r.Stat(path); err != nil || e.Type != Dir || e.Mode != mode || e.UID != 0 || e.GID != 0 {
			t.Errorf("%s: got %+v, %v, want mode %04o", path, e, err, mode)
		}
	}
	for _, path := range []string{"/", "/var/lib/bootledger"} {
		h, err := r.OpenDir(path, 0o755)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
	if e, err := r.Stat("/var/lib/bootledger"); err != nil || e.Mode != 0o700 {
		t.Errorf("a directory that was there got mode %04o, %v", e.Mode, err)
	}
	tests := []struct {
		path string
		perm fs.FileMode
		want error
	}{
		{"/missing", 0, fs.ErrNotExist},
		{"/etc/x", 0o700, syscall.ENOTDIR},
		{"/etc/x/y", 0o700, syscall.ENOTDIR},
		{"/abs/new", 0o700, ErrOutside},
		{"/host/new", 0o700, ErrOutside},
		{"/host", 0, ErrOutside},
		{"/dangling", 0o700, ErrOutside},
		{"/var/../etc", 0, ErrOutside},
		{"var", 0o700, ErrOutside},
	}
	for _, tt := range tests {
		if _, err := r.OpenDir(tt.path, tt.perm); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.path, err, tt.want)
		}
	}
}

func TestOpenDirOwner(t *testing.T) {
	needRoot(t, "gives directories away")
	guest := rootfstest.New(t, "owner . 100000 100000")
	r := open(t, guest)
	h, err := r.OpenDir("/var/lib", 0o755)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	f, err := h.OpenFile("db", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, path := range []string{"/var", "/var/lib", "/var/lib/db"} {
		if e, err := r.Stat(path); err != nil || e.UID != 0 || e.GID != 0 {
			t.Errorf("%s: got %d:%d, %v", path, e.UID, e.GID, err)
		}
	}
}

func TestDirHandle(t *testing.T) {
	guest := rootfstest.New(t, "file d/old 0644 old", "link d/link old", "link d/dangling nowhere", "fifo d/fifo", "socket d/socket", "dir d/dir")
	h, err := open(t, guest).OpenDir("/d", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()

	const create = os.O_RDWR | os.O_CREATE
	tests := []struct {
		name string
		flag int
		want error
	}{
		{"old", os.O_RDONLY, nil},
		{"old", create, nil},
		{"old", create | os.O_EXCL, fs.ErrExist},
		{"new", os.O_RDWR, fs.ErrNotExist},
		{"new", create | os.O_EXCL, nil},
		{"newer", create, nil},
		{"link", os.O_RDONLY, ErrNotRegular},
		{"link", create, ErrNotRegular},
		{"link", create | os.O_TRUNC, ErrNotRegular},
		{"dangling", create, ErrNotRegular},
		{"fifo", os.O_RDONLY, ErrNotRegular},
		{"fifo", os.O_WRONLY, ErrNotRegular},
		{"fifo", create, ErrNotRegular},
		{"socket", create, ErrNotRegular},
		{"dir", os.O_RDONLY, ErrNotRegular},
		{"dir", create, ErrNotRegular},
		{"", create, ErrOutside},
		{".", os.O_RDONLY, ErrOutside},
		{"..", os.O_RDONLY, ErrOutside},
		{"../x", create, ErrOutside},
		{"dir/x", create, ErrOutside},
		{"/x", create, ErrOutside},
	}
	for _, tt := range tests {
		f, err := h.OpenFile(tt.name, tt.flag, 0o640)
		if !errors.Is(err, tt.want) {
			t.Errorf("open %q with %#x: got %v, want %v", tt.name, tt.flag, err, tt.want)
		}
		if err == nil {
			f.Close()
		}
	}
	for name, want := range map[string]string{"old": "old", "new": "", "newer": ""} {
		path := filepath.Join(guest, "d", name)
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode(); name != "old" && got != 0o640 {
			t.Errorf("%s: got mode %v", name, got)
		}
	}

	f, err := h.OpenFile("old", create|os.O_TRUNC, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("written"); err != nil {
		t.Error(err)
	}
	if got, err := io.ReadAll(io.NewSectionReader(f, 0, 100)); err != nil || string(got) != "written" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}

	for _, tt := range []struct {
		old, new string
		want     error
	}{
		{"new", "old", fs.ErrExist},
		{"new", "dangling", fs.ErrExist},
		{"missing", "x", fs.ErrNotExist},
		{"new", "../x", ErrOutside},
		{"..", "x", ErrOutside},
		{"new", "renamed", nil},
	} {
		if err := h.Rename(tt.old, tt.new); !errors.Is(err, tt.want) {
			t.Errorf("rename %q to %q: got %v, want %v", tt.old, tt.new, err, tt.want)
		}
	}
	for name, want := range map[string]error{"renamed": nil, "link": nil, "missing": fs.ErrNotExist, "../d": ErrOutside, "dir": syscall.EISDIR} {
		if err := h.Remove(name); !errors.Is(err, want) {
			t.Errorf("remove %q: got %v, want %v", name, err, want)
		}
	}
	if err := h.Sync(); err != nil {
		t.Error(err)
	}
}

// TestOpenDirSweeps plants what a crash while a directory was made leaves, and
// what may not go with it.
func TestOpenDirSweeps(t *testing.T) {
	guest := t.TempDir()
	rootfstest.Build(t, guest, "dir var/.bootledger-A 0700", "file var/.bootledger-B/full", "file var/.bootledger-C")
	r := open(t, guest)
	h, err := r.OpenDir("/var/lib/bootledger", 0o700)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	got, err := r.Leftovers("/var")
	slices.Sort(got)
	if want := []string{"/var/.bootledger-B", "/var/.bootledger-C"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}
