package rootfstest

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Snapshot lists everything below dir, and dir itself, by path as the guest sees
// it: type, mode, owner as the host sees him, and the target of a symlink or the
// SHA-256 of a file's content. Files above 1 MiB have their size instead.
func Snapshot(t testing.TB, dir string) map[string]string {
	t.Helper()
	listing := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		line, err := describe(path)
		listing["/"+strings.TrimPrefix(strings.TrimPrefix(path, dir), "/")] = line
		return err
	})
	if err != nil {
		t.Fatalf("cannot list %s: %v", dir, err)
	}
	return listing
}

func describe(path string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	st := info.Sys().(*syscall.Stat_t)
	line := fmt.Sprintf("%s %04o %d:%d", kind(info.Mode()), st.Mode&0o7777, st.Uid, st.Gid)
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		return line + " " + target, err
	case !info.Mode().IsRegular():
		return line, nil
	case info.Size() > 1<<20:
		return fmt.Sprintf("%s %d bytes", line, info.Size()), nil
	}
	content, err := os.ReadFile(path)
	return fmt.Sprintf("%s %x", line, sha256.Sum256(content)), err
}

func kind(m fs.FileMode) string {
	switch {
	case m.IsRegular():
		return "file"
	case m.IsDir():
		return "dir"
	case m&fs.ModeSymlink != 0:
		return "symlink"
	}
	return "other"
}

// NoLeftovers checks at the end of the test that no temporary name of ours is
// left below dir.
func NoLeftovers(t testing.TB, dir string) {
	t.Helper()
	t.Cleanup(func() {
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err == nil && strings.HasPrefix(e.Name(), ".bootledger-") {
				t.Errorf("left behind: %s", path)
			}
			return err
		})
		if err != nil {
			t.Errorf("cannot look for leftovers in %s: %v", dir, err)
		}
	})
}
