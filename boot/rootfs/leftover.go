package rootfs

import (
	"errors"
	"io/fs"
	"path"
	"strings"
)

// maxLeftovers bounds what Leftovers reads of a directory.
const maxLeftovers = 1 << 16

// Leftovers lists the paths in a directory that bear a temporary name of ours,
// as a crash leaves them: what a Replace had not put in place yet, whole or not,
// or what it had already taken out. A directory that does not exist has none.
// Call it with the ledger locked, when no Replace can be under way.
//
// What was taken out is the *have of a Replace, which the ledger holds, unless
// somebody else's change was caught and the crash came before it was put back.
// So remove a leftover that the ledger knows, an unfinished file, which has mode
// 0, and an empty directory; report any other.
func (r *Root) Leftovers(dir string) ([]string, error) {
	names, err := r.ReadDir(dir, maxLeftovers)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var paths []string
	for _, name := range names {
		if strings.HasPrefix(name, tempPrefix) {
			paths = append(paths, path.Join(dir, name))
		}
	}
	return paths, fail("list", dir, err)
}

// Unfinished reports whether an entry of this name is a leftover that was not
// written to its end. Only root can read it, and nobody needs to.
func Unfinished(name string, entry Entry) bool {
	return strings.HasPrefix(name, tempPrefix) && entry.Type == File && entry.Mode == 0
}

// RemoveLeftover removes one path that Leftovers gave: a file, a symlink or an
// empty directory. Any other path gives fs.ErrInvalid.
func (r *Root) RemoveLeftover(path string) error {
	return fail("remove", path, r.removeLeftover(path))
}

func (r *Root) removeLeftover(path string) error {
	dir, name, err := split(path)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(name, tempPrefix) {
		return fs.ErrInvalid
	}
	d, err := r.writable(dir)
	if err != nil {
		return err
	}
	defer d.Close() //nolint:errcheck // Sync has a handle of its own
	if err := r.touch(d); err != nil {
		return err
	}
	return discard(d, name)
}
