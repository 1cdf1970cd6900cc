package rootfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// exchange puts *want in the place of *have.
func (r *Root) exchange(d *os.File, name string, have, want *Entry, content []byte) error {
	tmp, err := r.stage(d, want, content)
	if err != nil {
		return err
	}
	return r.swap(d, tmp, name, have)
}

// swap puts what waits under tmp in the place of *have, and has tmp removed in
// every case. What matters is the order: first the exchange, then the look at
// what came out, which nobody can reach under its old name any more.
func (r *Root) swap(d *os.File, tmp, name string, have *Entry) error {
	ours, err := hold(d, tmp)
	if err != nil {
		return errors.Join(err, discard(d, tmp))
	}
	defer ours.close()
	err = rename(d, tmp, name, unix.RENAME_EXCHANGE)
	if unsupported(err) {
		err = r.swapPlainly(d, tmp, name, have)
		if err == nil {
			return nil
		}
	}
	if err != nil {
		if errors.Is(err, unix.ENOENT) {
			err = ErrChanged
		}
		return errors.Join(err, discard(d, tmp))
	}
	if err := r.settled(d, tmp, have); err != nil {
		return errors.Join(err, putBack(d, tmp, name, ours))
	}
	return unlink(d, tmp, 0)
}

// swapPlainly stands in for RENAME_EXCHANGE: what comes between the look and the
// rename is lost.
func (r *Root) swapPlainly(d *os.File, tmp, name string, have *Entry) error {
	if err := r.settled(d, name, have); err != nil {
		return err
	}
	return retry(func() error { return unix.Renameat(int(d.Fd()), tmp, int(d.Fd()), name) })
}

// takeOut removes a file or symlink that is *have: it looks at it once it has
// lost its name.
func (r *Root) takeOut(d *os.File, name string, have *Entry) error {
	tmp := tempName()
	err := move(d, name, tmp)
	switch {
	case errors.Is(err, unix.ENOENT):
		return ErrChanged
	case err != nil:
		return err
	}
	if err := r.settled(d, tmp, have); err != nil {
		if back := move(d, tmp, name); back != nil {
			return errors.Join(err, keptError(tmp, back))
		}
		return err
	}
	return unlink(d, tmp, 0)
}

// settled gives ErrChanged unless a name holds *have and nobody is about to
// change it.
func (r *Root) settled(d *os.File, name string, have *Entry) error {
	if beingWritten(d, name) {
		return fmt.Errorf("open for writing: %w", ErrChanged)
	}
	return r.compare(d, name, have)
}

// beingWritten reports whether somebody has a file open for writing: an editor
// that writes in place may have opened it under its old name. The kernel refuses
// a read lease then. Where leases are not to be had, the answer is no.
func beingWritten(d *os.File, name string) bool {
	f, err := openat(d, name, unix.O_RDONLY, 0)
	if err != nil {
		return false
	}
	defer f.Close() //nolint:errcheck // gives the lease back
	_, err = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
	return errors.Is(err, unix.EAGAIN)
}

// putBack exchanges once more, so that what was taken out under tmp stands at
// name again, and removes ours. If that is not what comes out, somebody put a
// newer thing at name meanwhile, over ours: then that one goes back, and what it
// would have replaced is dropped, as it would have been without us.
func putBack(d *os.File, tmp, name string, at *held) error {
	for range attempts {
		theirs, err := hold(d, tmp)
		if err != nil {
			return keptError(tmp, err)
		}
		defer theirs.close()
		err = rename(d, tmp, name, unix.RENAME_EXCHANGE)
		if errors.Is(err, unix.ENOENT) {
			err = move(d, tmp, name) // somebody removed ours
			if err == nil {
				return nil
			}
			if errors.Is(err, unix.EEXIST) {
				continue
			}
		}
		if err != nil {
			return keptError(tmp, err)
		}
		out, err := hold(d, tmp)
		if err != nil {
			return keptError(tmp, err)
		}
		defer out.close()
		if out.same(at) && !beingWritten(d, tmp) {
			return discard(d, tmp)
		}
		at = theirs
	}
	return keptError(tmp, unix.EAGAIN)
}

func keptError(tmp string, err error) error {
	return fmt.Errorf("what was there is kept beside it as %s: %w", tmp, err)
}

// held is a thing as it was when it was last seen. The handle keeps its inode
// number from being given to another.
type held struct {
	f    *os.File
	info fs.FileInfo
}

func hold(d *os.File, name string) (*held, error) {
	f, err := openat(d, name, unix.O_PATH, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(bare(err), f.Close())
	}
	return &held{f, info}, nil
}

func (h *held) same(o *held) bool {
	return os.SameFile(h.info, o.info) && h.info.Size() == o.info.Size() && h.info.ModTime().Equal(o.info.ModTime())
}

func (h *held) close() { h.f.Close() } //nolint:errcheck // O_PATH
