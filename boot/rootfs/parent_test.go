package rootfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bootledger/bootledger/boot/rootfs/rootfstest"
)

// hostile is a tree in which every way out of a guest is planted. OUTSIDE stands
// for a directory of the host.
var hostile = []string{
	"dir etc/rc2.d",
	"file etc/rc2.d/S01x 0644 x",
	"file etc/init.d/x 0755 script",
	"dir usr/lib/init",
	"file usr/lib/init/rc 0755 rc",
	"link lib usr/lib",
	"link abs /etc",
	"link rel etc",
	"link deep usr/lib/../../etc/rc2.d",
	"link up ../../../../../../../..",
	"link upabs /../../../..",
	"link host OUTSIDE",
	"link etc/host OUTSIDE",
	"link etc/rc3.d rc2.d",
	"link loop loop",
	"link loop1 loop2",
	"link loop2 loop1",
	"link dangling /nowhere/at/all",
	"link magic /proc/self/root",
	"fifo etc/fifo",
	"socket etc/socket",
}

// plant builds the hostile tree and a directory of the host beside it, whose
// content must not change.
func plant(t *testing.T) (guest, outside string) {
	t.Helper()
	guest, outside = inMemory(t), inMemory(t)
	rootfstest.Build(t, outside, "file canary 0644 canary", "file rc2.d/S01x 0644 canary")
	lines := make([]string, len(hostile))
	for i, line := range hostile {
		lines[i] = strings.ReplaceAll(line, "OUTSIDE", outside)
	}
	before := rootfstest.Snapshot(t, outside)
	t.Cleanup(func() {
		after := rootfstest.Snapshot(t, outside)
		if len(after) != len(before) {
			t.Errorf("outside of the guest: got %d paths, want %d", len(after), len(before))
		}
		for path, want := range before {
			if after[path] != want {
				t.Errorf("outside of the guest, %s: got %q, want %q", path, after[path], want)
			}
		}
	})
	rootfstest.Build(t, guest, lines...)
	rootfstest.NoLeftovers(t, guest)
	return guest, outside
}

func TestBeneath(t *testing.T) {
	guest, outside := plant(t)
	rootfstest.Build(t, guest, "file canary 0644 inside")
	r := open(t, guest)
	tests := []struct {
		dir  string
		want error
	}{
		{".", nil},
		{"etc", nil},
		{"etc/rc2.d", nil},
		{"./etc//rc2.d/", nil},
		{"etc/missing", unix.ENOENT},
		{"missing/rc2.d", unix.ENOENT},
		{"canary", unix.ENOTDIR},
		{"etc/fifo", unix.ENOTDIR},
		{"etc/socket", unix.ENOTDIR},
		{"canary/x", unix.ENOTDIR},
		{"etc/rc3.d", ErrOutside},
		{"abs", ErrOutside},
		{"abs/rc2.d", ErrOutside},
		{"rel/rc2.d", ErrOutside},
		{"deep", ErrOutside},
		{"up", ErrOutside},
		{"up" + outside, ErrOutside},
		{"upabs", ErrOutside},
		{"host", ErrOutside},
		{"host/rc2.d", ErrOutside},
		{"etc/host/rc2.d", ErrOutside},
		{"loop", ErrOutside},
		{"loop1/x", ErrOutside},
		{"dangling", ErrOutside},
		{"magic", ErrOutside},
		{"magic/etc", ErrOutside},
		{"..", ErrOutside},
		{"../" + filepath.Base(outside), ErrOutside},
	}
	for _, way := range []struct {
		name string
		open func(*os.File, string, int) (*os.File, error)
	}{{"openat2", beneathAtOnce}, {"step", beneathByStep}, {"either", beneath}} {
		for _, flags := range []int{unix.O_PATH, unix.O_RDONLY} {
			for _, tt := range tests {
				f, err := way.open(r.dir, tt.dir, flags)
				if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.EXDEV) {
					err = ErrOutside
				}
				if !errors.Is(err, tt.want) {
					t.Errorf("%s of %q: got %v, want %v", way.name, tt.dir, err, tt.want)
				}
				if err != nil {
					continue
				}
				got, err := f.Stat()
				if err != nil {
					t.Fatal(err)
				}
				want, err := os.Lstat(filepath.Join(guest, tt.dir))
				if err != nil {
					t.Fatal(err)
				}
				if !os.SameFile(got, want) {
					t.Errorf("%s of %q: got another directory", way.name, tt.dir)
				}
				f.Close()
			}
		}
	}
}

func TestReadable(t *testing.T) {
	guest, _ := plant(t)
	r := open(t, guest)
	tests := []struct {
		dir  string
		want string // in the guest
		err  error
	}{
		{"lib/init", "usr/lib/init", nil},
		{"abs/rc2.d", "etc/rc2.d", nil},
		{"rel/rc2.d", "etc/rc2.d", nil},
		{"deep", "etc/rc2.d", nil},
		{"deep/..", "etc", nil},
		{"up", ".", nil},
		{"up/etc", "etc", nil},
		{"upabs/etc", "etc", nil},
		{"../../etc", "etc", nil},
		{"host", "", fs.ErrNotExist},
		{"etc/host/rc2.d", "", fs.ErrNotExist},
		{"dangling", "", fs.ErrNotExist},
		{"magic", "", fs.ErrNotExist},
		{"loop", "", syscall.ELOOP},
		{"loop2/x", "", syscall.ELOOP},
	}
	for _, tt := range tests {
		f, err := r.readable(tt.dir)
		if !errors.Is(err, tt.err) {
			t.Errorf("%s: got %v, want %v", tt.dir, err, tt.err)
		}
		if err != nil {
			continue
		}
		got, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.Lstat(filepath.Join(guest, tt.want))
		if err != nil {
			t.Fatal(err)
		}
		if !os.SameFile(got, want) {
			t.Errorf("%s: got another directory than %s", tt.dir, tt.want)
		}
		f.Close()
	}
}

func TestWritableRefusesDirectoriesOfOthers(t *testing.T) {
	guest := rootfstest.New(t, "dir tmp 1777", "dir shared 0777", "dir group 0775", "dir home")
	r := open(t, guest)
	tests := map[string]error{"tmp": fs.ErrPermission, "shared": fs.ErrPermission, "group": nil, "home": nil}
	if os.Geteuid() == 0 {
		rootfstest.Build(t, guest, "dir user", "owner user 1000 1000")
		tests["user"] = fs.ErrPermission
	}
	for dir, want := range tests {
		path := "/" + dir + "/x"
		err := r.Replace(path, nil, &Entry{Type: Symlink, Target: "y"}, nil)
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", path, err, want)
		}
	}
}
