package rootfs

import (
	"errors"
	"io/fs"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// DirHandle is an open directory of a guest in which files are kept open and
// written in place, as the ledger is. Names are single: one with a slash, "." and
// ".." give ErrOutside.
type DirHandle struct {
	root *Root
	path string
	dir  *os.File
}

// OpenDir opens a directory. When perm is not 0 and it does not exist, it is
// created with these permission bits, missing parents with 0755, all belonging
// to the guest's root and durable. As in Replace there may be no symlink on the
// way, nor others who may write in it.
func (r *Root) OpenDir(path string, perm fs.FileMode) (*DirHandle, error) {
	f, err := r.openDir(path, perm)
	if err != nil {
		return nil, fail("open directory", path, err)
	}
	return &DirHandle{root: r, path: path, dir: f}, nil
}

func (r *Root) openDir(p string, perm fs.FileMode) (*os.File, error) {
	if _, _, err := split(p); err != nil {
		return nil, err
	}
	rel := "." + p
	f, err := r.writable(rel)
	if perm == 0 || p == "/" || !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	parent, err := r.openDir(path.Dir(p), 0o755)
	if err != nil {
		return nil, err
	}
	defer parent.Close() //nolint:errcheck // synced before
	err = r.add(parent, path.Base(p), &Entry{Type: Dir, Mode: uint32(perm.Perm())}, nil)
	// Somebody else may have made it meanwhile, and swept ours away.
	if err != nil && !errors.Is(err, ErrChanged) && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := errors.Join(r.sweepDirs(path.Dir(p), parent), flush(parent)); err != nil {
		return nil, err
	}
	return r.writable(rel)
}

// sweepDirs removes the directories under temporary names that crashed calls of
// OpenDir left in a directory: no ledger knows of them.
func (r *Root) sweepDirs(dir string, d *os.File) error {
	leftovers, err := r.Leftovers(dir)
	for _, leftover := range leftovers {
		gone := unlink(d, path.Base(leftover), unix.AT_REMOVEDIR)
		if !errors.Is(gone, unix.ENOTDIR) && !errors.Is(gone, unix.ENOTEMPTY) && !errors.Is(gone, unix.ENOENT) {
			err = errors.Join(err, gone)
		}
	}
	return err
}

// OpenFile opens a regular file in the directory; the flags are those of
// os.OpenFile. A symlink or anything else gives ErrNotRegular. What O_CREATE makes
// belongs to the guest's root and has the permission bits of perm, whatever the
// umask.
func (h *DirHandle) OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error) {
	f, err := h.openFile(name, flag, perm)
	return f, fail("open", path.Join(h.path, name), err)
}

func (h *DirHandle) openFile(name string, flag int, perm fs.FileMode) (*os.File, error) {
	if !single(name) {
		return nil, ErrOutside
	}
	if flag&os.O_CREATE != 0 {
		f, err := h.create(name, flag, perm)
		if flag&os.O_EXCL != 0 || !errors.Is(err, unix.EEXIST) {
			return f, err
		}
	}
	// Not truncated by the open: first see what it is.
	f, err := openat(h.dir, name, flag&^(os.O_CREATE|os.O_EXCL|os.O_TRUNC), 0)
	switch {
	case errors.Is(err, unix.ELOOP), errors.Is(err, unix.ENXIO), errors.Is(err, unix.EISDIR):
		return nil, ErrNotRegular
	case err != nil:
		return nil, err
	}
	st, err := fstat(f)
	if err == nil && st.Mode&unix.S_IFMT != unix.S_IFREG {
		err = ErrNotRegular
	}
	if err == nil && flag&os.O_TRUNC != 0 {
		err = bare(f.Truncate(0))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (h *DirHandle) create(name string, flag int, perm fs.FileMode) (*os.File, error) {
	f, err := openat(h.dir, name, flag|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if err := h.root.dress(f, &Entry{Mode: uint32(perm.Perm())}); err != nil {
		return nil, errors.Join(err, f.Close(), discard(h.dir, name))
	}
	return f, nil
}

// Rename gives a file another name in the directory, one that must not exist:
// fs.ErrExist if it does.
func (h *DirHandle) Rename(oldName, newName string) error {
	if !single(oldName) || !single(newName) {
		return fail("rename", path.Join(h.path, oldName), ErrOutside)
	}
	return fail("rename", path.Join(h.path, oldName), move(h.dir, oldName, newName))
}

// Remove removes a file or symlink from the directory.
func (h *DirHandle) Remove(name string) error {
	if !single(name) {
		return fail("remove", path.Join(h.path, name), ErrOutside)
	}
	return fail("remove", path.Join(h.path, name), unlink(h.dir, name, 0))
}

// Sync makes what was renamed, created and removed durable. The content of files
// is their own matter.
func (h *DirHandle) Sync() error { return fail("sync", h.path, flush(h.dir)) }

// Close releases the directory; files opened from it stay open.
func (h *DirHandle) Close() error { return bare(h.dir.Close()) }
