// Package rootfstest makes guests for tests: trees from lines of text, honest
// and hostile, listings to compare before and after, and a neighbour who changes
// them meanwhile.
package rootfstest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// New builds a tree in a directory of its own, which it returns, and checks at
// the end of the test that no temporary name of ours is left in it. A line is
//
//	dir etc/rc2.d [0755]
//	file etc/init.d/ssh [0755 [content to the end, or quoted as in Go]]
//	link etc/rc2.d/S01ssh ../init.d/ssh
//	hard etc/other etc/init.d/ssh
//	fifo run/initctl
//	socket run/log
//	sparse etc/big 1073741824
//	device etc/null 1 3
//	owner etc/init.d/ssh 1000 1000
//
// Missing parents are made with mode 0755. Names and targets may be quoted as in
// Go. Devices and owners need root.
func New(t testing.TB, lines ...string) string {
	t.Helper()
	dir := t.TempDir()
	Build(t, dir, lines...)
	NoLeftovers(t, dir)
	return dir
}

// Build adds lines to the tree in dir.
func Build(t testing.TB, dir string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if err := build(dir, line); err != nil {
			t.Fatalf("cannot build %q: %v", line, err)
		}
	}
}

func build(dir, line string) error {
	kind, rest := word(line)
	name, rest := word(rest)
	path := filepath.Join(dir, name)
	if err := mkdirAll(filepath.Dir(path)); err != nil {
		return err
	}
	switch kind {
	case "dir":
		mode, _ := word(rest)
		if err := mkdirAll(path); err != nil {
			return err
		}
		return chmod(path, mode, 0o755)
	case "file":
		mode, content := word(rest)
		if unquoted, err := strconv.Unquote(content); err == nil {
			content = unquoted
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return err
		}
		return chmod(path, mode, 0o644)
	case "link":
		target, _ := word(rest)
		return os.Symlink(target, path)
	case "hard":
		of, _ := word(rest)
		return os.Link(filepath.Join(dir, of), path)
	case "fifo":
		return errors.Join(unix.Mkfifo(path, 0o644), unix.Chmod(path, 0o644))
	case "socket":
		return errors.Join(unix.Mknod(path, unix.S_IFSOCK|0o644, 0), unix.Chmod(path, 0o644))
	}
	return buildNumbered(kind, path, rest)
}

// buildNumbered does the kinds whose arguments are numbers.
func buildNumbered(kind, path, rest string) error {
	var n []int64
	for _, field := range strings.Fields(rest) {
		i, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return err
		}
		n = append(n, i)
	}
	switch {
	case kind == "sparse" && len(n) == 1:
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			return err
		}
		return os.Truncate(path, n[0])
	case kind == "device" && len(n) == 2:
		return unix.Mknod(path, unix.S_IFCHR|0o644, int(unix.Mkdev(uint32(n[0]), uint32(n[1]))))
	case kind == "owner" && len(n) == 2:
		return os.Lchown(path, int(n[0]), int(n[1]))
	}
	return fmt.Errorf("kind %q with %d numbers is unknown", kind, len(n))
}

// mkdirAll makes directories whose mode does not depend on the umask.
func mkdirAll(path string) error {
	err := os.Mkdir(path, 0o755)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		if err := mkdirAll(filepath.Dir(path)); err != nil {
			return err
		}
		return mkdirAll(path)
	case err != nil:
		return err
	}
	return os.Chmod(path, 0o755)
}

func chmod(path, mode string, otherwise uint32) error {
	if mode == "" {
		return unix.Chmod(path, otherwise)
	}
	bits, err := strconv.ParseUint(mode, 8, 32)
	if err != nil {
		return err
	}
	return unix.Chmod(path, uint32(bits))
}

// word takes the first word, or quoted string, off a line.
func word(line string) (first, rest string) {
	if quoted, err := strconv.QuotedPrefix(line); err == nil {
		first, _ = strconv.Unquote(quoted)
		return first, strings.TrimPrefix(line[len(quoted):], " ")
	}
	first, rest, _ = strings.Cut(line, " ")
	return first, rest
}
