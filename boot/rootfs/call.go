package rootfs

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Every call here acts on a directory handle and a single name in it, or on a
// handle alone. A path is never looked up twice.

// retry repeats a call that a signal interrupted.
func retry(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// openat opens one name without following it, waiting for anybody, or getting a
// terminal.
func openat(d *os.File, name string, flags int, perm uint32) (*os.File, error) {
	fd, err := openatFD(d, name, flags, perm)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

// openatFD is openat for a short use: an os.File costs two more calls.
func openatFD(d *os.File, name string, flags int, perm uint32) (fd int, err error) {
	flags |= unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC
	err = retry(func() (err error) { fd, err = unix.Openat(int(d.Fd()), name, flags, perm); return err })
	return fd, err
}

func fstat(f *os.File) (unix.Stat_t, error) { return fstatFD(int(f.Fd())) }

func fstatFD(fd int) (unix.Stat_t, error) {
	var st unix.Stat_t
	err := retry(func() error { return unix.Fstat(fd, &st) })
	return st, err
}

// lstat says what a name is, without following or opening it.
func lstat(d *os.File, name string) (unix.Stat_t, error) {
	var st unix.Stat_t
	err := retry(func() error { return unix.Fstatat(int(d.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	return st, err
}

// readlink reads the target of a symlink: of a name in a directory, or with an
// empty name, of what was opened with O_PATH.
func readlink(fd int, name string) (string, error) {
	var buf [unix.PathMax]byte
	var n int
	err := retry(func() (err error) { n, err = unix.Readlinkat(fd, name, buf[:]); return err })
	return string(buf[:max(n, 0)]), err
}

func unlink(d *os.File, name string, flags int) error {
	return retry(func() error { return unix.Unlinkat(int(d.Fd()), name, flags) })
}

// chown gives what f is open on, be it a symlink opened with O_PATH, to somebody.
// It leaves alone what belongs to him already: an ordinary user may not even ask.
func chown(f *os.File, uid, gid uint32) error {
	st, err := fstat(f)
	if err != nil || st.Uid == uid && st.Gid == gid {
		return err
	}
	return retry(func() error { return unix.Fchownat(int(f.Fd()), "", int(uid), int(gid), unix.AT_EMPTY_PATH) })
}

// rename moves one name to another in the same directory. flags are those of
// renameat2(2).
func rename(d *os.File, from, to string, flags uint) error {
	return retry(func() error { return unix.Renameat2(int(d.Fd()), from, int(d.Fd()), to, flags) })
}

// unsupported tells from the error of renameat2 that its flags, or the call
// itself, are not known to the file system, the kernel, or a seccomp filter.
func unsupported(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM)
}

// move renames to a name that must not exist yet: EEXIST if it does.
func move(d *os.File, from, to string) error {
	err := rename(d, from, to, unix.RENAME_NOREPLACE)
	if unsupported(err) {
		return moveByLink(d, from, to)
	}
	return err
}

// moveByLink stands in for RENAME_NOREPLACE. For a while both names are there.
// Directories, and file systems without hard links, leave only a look before the
// rename: somebody who takes the name in between loses what he put there.
func moveByLink(d *os.File, from, to string) error {
	err := retry(func() error { return unix.Linkat(int(d.Fd()), from, int(d.Fd()), to, 0) })
	if err == nil {
		return unlink(d, from, 0)
	}
	if !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EOPNOTSUPP) {
		return err
	}
	_, err = lstat(d, to)
	switch {
	case err == nil:
		return unix.EEXIST
	case !errors.Is(err, unix.ENOENT):
		return err
	}
	return retry(func() error { return unix.Renameat(int(d.Fd()), from, int(d.Fd()), to) })
}
