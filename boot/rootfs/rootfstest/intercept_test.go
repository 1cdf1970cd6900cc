package rootfstest

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestIntercept(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	var calls []int
	var there bool // the file a, when it is about to be renamed
	var written, renamed error
	Intercept(t, func() {
		written = os.WriteFile(a, []byte("a"), 0o600)
		renamed = os.Rename(a, b)
	}, func(c Call) unix.Errno {
		calls = append(calls, c.Number)
		if c.Number != unix.SYS_RENAMEAT {
			return 0
		}
		_, err := os.Stat(a)
		there = err == nil
		return unix.EXDEV
	})
	if written != nil || !errors.Is(renamed, unix.EXDEV) || !there {
		t.Errorf("got %v, %v, %v, want no error, EXDEV and a file", written, renamed, there)
	}
	if _, err := os.Stat(b); err == nil {
		t.Error("the call was made")
	}
	if want := []int{unix.SYS_OPENAT, unix.SYS_WRITE, unix.SYS_RENAMEAT}; len(calls) != len(want) {
		t.Errorf("got the calls %v, want %v", calls, want)
	}
}
