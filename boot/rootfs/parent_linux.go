package rootfs

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"

	pathrs "github.com/cyphar/filepath-securejoin/pathrs-lite"
	"golang.org/x/sys/unix"
)

// readable gives a handle (O_PATH) on a directory, resolved as inside the guest:
// an absolute symlink starts at the guest's root, and .. ends there. dir is
// relative to that root.
func (r *Root) readable(dir string) (*os.File, error) {
	f, err := beneath(r.dir, dir, unix.O_PATH)
	if !errors.Is(err, ErrOutside) {
		return f, err
	}
	// A symlink or a way through .. is fine for reading, only slower.
	f, err = pathrs.OpenatInRoot(r.dir, dir)
	return f, bare(err)
}

// writable gives a handle that can be synced on a directory in which names will
// be changed. There may be no symlink on the way, and nobody but the guest's
// root and this process's user may be able to change names in it: else a user of
// the guest could have us act on what he puts in place of our temporary names.
func (r *Root) writable(dir string) (*os.File, error) {
	f, err := beneath(r.dir, dir, unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	st, err := fstat(f)
	if err == nil && (st.Mode&unix.S_IWOTH != 0 || st.Uid != r.uid && int(st.Uid) != os.Geteuid()) {
		err = foreignError(dir)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// foreignError names a directory, relative to the guest's root.
type foreignError string

func (e foreignError) Error() string {
	return "others than the guest's root may write in " + Quote(path.Join("/", string(e)))
}

func (e foreignError) Is(target error) bool { return target == fs.ErrPermission }

// beneath opens a directory below root, following no symlink at all. One on the
// way, or any other way out, gives ErrOutside.
func beneath(root *os.File, dir string, flags int) (*os.File, error) {
	f, err := beneathAtOnce(root, dir, flags)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		// Before Linux 5.6, or a seccomp filter that does not know openat2.
		f, err = beneathByStep(root, dir, flags)
	}
	if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.EXDEV) {
		err = ErrOutside
	}
	return f, err
}

// attempts bounds how often a call is repeated that somebody else can make fail
// for ever. With 16 processes renaming meanwhile, one look-up in a thousand
// needs more.
const attempts = 128

func beneathAtOnce(root *os.File, dir string, flags int) (*os.File, error) {
	how := &unix.OpenHow{
		Flags:   uint64(flags | unix.O_DIRECTORY | unix.O_CLOEXEC),
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	}
	var fd int
	var err error
	for range attempts {
		err = retry(func() (err error) { fd, err = unix.Openat2(int(root.Fd()), dir, how); return err })
		if !errors.Is(err, unix.EAGAIN) {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), dir), nil
}

// beneathByStep does the same one name at a time. As no symlink is followed, the
// two agree on every tree that holds still; and each step starts from a handle,
// so a directory that is moved meanwhile leads to where it went, never through a
// link.
func beneathByStep(root *os.File, dir string, flags int) (*os.File, error) {
	d, err := openat(root, ".", unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	names := strings.FieldsFunc(dir, func(r rune) bool { return r == '/' })
	for i, name := range names {
		how := unix.O_PATH
		if i == len(names)-1 {
			how = flags
		}
		next, err := step(d, name, how)
		if err := errors.Join(err, d.Close()); err != nil {
			return nil, err
		}
		d = next
	}
	return d, nil
}

func step(d *os.File, name string, flags int) (*os.File, error) {
	if name == ".." {
		return nil, unix.EXDEV
	}
	next, err := openat(d, name, flags|unix.O_DIRECTORY, 0)
	if errors.Is(err, unix.ENOTDIR) {
		if st, err := lstat(d, name); err == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK {
			return nil, unix.ELOOP
		}
	}
	return next, err
}
