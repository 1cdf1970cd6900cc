package rootfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/bootledger/bootledger/boot/rootfs/rootfstest"
)

// inMemory gives a directory for tests that sync thousands of times.
func inMemory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "rootfs-test-") //nolint:usetesting // t.TempDir is on a disk
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestAttack exchanges the directory of the paths in use with a symlink to a
// directory of the host, and with another directory, as fast as it can. plant
// checks that nothing outside changes; here, nothing of it may be read.
func TestAttack(t *testing.T) {
	guest, outside := plant(t)
	rootfstest.Build(t, guest, "dir var/rc2.d", "file var/rc2.d/S01x 0644 x", "link escape "+outside, "link var/rc9.d "+outside+"/rc2.d")
	r := open(t, guest)
	stopParent := rootfstest.Exchange(t, guest, "var", "escape")
	stopLast := rootfstest.Exchange(t, guest, "etc/rc2.d", "etc/host")
	deadline := time.Now().Add(time.Second)
	reads, writes, refused := 0, 0, 0
	for n := 0; n < 200_000 && time.Now().Before(deadline); n++ {
		for _, dir := range []string{"/var/rc2.d/", "/etc/rc2.d/", "/etc/host/"} {
			_, content, err := r.ReadThrough(dir+"S01x", 100)
			switch {
			case err == nil && string(content) != "x":
				t.Fatalf("read %q from outside of the guest", content)
			case err == nil:
				reads++
			default:
				refused++
			}
			if _, err := r.Stat("/var/canary"); !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EXDEV) {
				t.Fatalf("saw the canary: %v", err)
			}
			path := dir + "new"
			if err := r.Replace(path, nil, link("x"), nil); err == nil {
				writes++
			}
			err = r.Replace(path, link("x"), nil, nil)
			if err != nil && !errors.Is(err, ErrOutside) && !errors.Is(err, ErrChanged) && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.EAGAIN) {
				t.Fatal(err)
			}
		}
	}
	swaps := stopParent() + stopLast()
	if reads == 0 || writes == 0 || refused == 0 || swaps == 0 {
		t.Errorf("nothing was tried: %d reads, %d writes, %d refused, %d exchanges", reads, writes, refused, swaps)
	}
	t.Logf("%d reads, %d writes, %d refused, %d exchanges", reads, writes, refused, swaps)
}

// TestEditor lets somebody change a path at the very moment at which Replace
// does, which was told of what was there before. Whoever comes first, the path
// must hold his change in the end.
func TestEditor(t *testing.T) {
	const mine = "edit"
	inPlace := func(path string) error {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString(mine)
		return errors.Join(err, f.Close())
	}
	tests := map[string]struct {
		change func(path string) error
		want   string // content in the end, or what kind of thing
	}{
		"renames":         {func(path string) error { return os.Rename(path+".new", path) }, mine},
		"writes in place": {inPlace, mine},
		"removes":         {os.Remove, "gone"},
		"moves away":      {func(path string) error { return os.Rename(path, path+".old") }, "gone"},
		"links":           {func(path string) error { return os.Rename(path+".link", path) }, "symlink"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			guest := inMemory(t)
			rootfstest.NoLeftovers(t, guest)
			rootfstest.Build(t, guest, "dir etc")
			r := open(t, guest)
			path := filepath.Join(guest, "etc/x")
			won, lost := 0, 0
			for n := range 3000 {
				rootfstest.Build(t, guest, "file etc/x 0644 before", "file etc/x.new 0644 "+mine)
				if err := os.Symlink("x", path+".link"); err != nil && !errors.Is(err, fs.ErrExist) {
					t.Fatal(err)
				}
				changed := make(chan error)
				go func() {
					for range n % 40 * 50 {
						runtime.Gosched()
					}
					changed <- tt.change(path)
				}()
				err := r.Replace("/etc/x", file(0o644, "before"), file(0o644, "ours"), []byte("ours"))
				switch {
				case err == nil:
					won++
				case errors.Is(err, ErrChanged):
					lost++
				default:
					t.Fatal(err)
				}
				if err := <-changed; err != nil {
					t.Fatal(err)
				}
				if got := holds(t, path); got != tt.want {
					t.Fatalf("try %d: got %q, want %q; Replace gave %v", n, got, tt.want, err)
				}
				if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Fatal(err)
				}
			}
			if won == 0 || lost == 0 {
				t.Errorf("no race: Replace was first %d times, second %d times", won, lost)
			}
			t.Logf("Replace was first %d times, second %d times", won, lost)
		})
	}
}

// holds says what a path of the host holds: the content of a file, or its kind.
func holds(t *testing.T, path string) string {
	t.Helper()
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "gone"
	case err == nil && info.Mode()&fs.ModeSymlink != 0:
		return "symlink"
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
