package rootfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// pollInterval is how often a lock that somebody holds is asked for again. A
// blocking request could not be given up.
const pollInterval = 20 * time.Millisecond

// Lock takes the fcntl(2) write lock on an existing regular file, as dpkg and apt
// take theirs on /var/lib/dpkg/lock and lock-frontend, and waits for it at most
// so long. Past that it gives ErrBusy, with the holder's process id if that is
// known here: not of another pid namespace, nor for locks of open files such as
// this one. Without the file nobody can hold its lock: there is nothing to unlock
// and no error.
//
// The lock belongs to the open file, not to the process, so that closing another
// descriptor on it does not give it up. unlock must be called once.
func (r *Root) Lock(path string, wait time.Duration) (unlock func() error, err error) {
	f, err := r.lock(path, wait)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return func() error { return nil }, nil
	case err != nil:
		return nil, fail("lock", path, err)
	}
	return func() error {
		// Not by the close alone: a child that was just forked may have it too.
		return fail("unlock", path, errors.Join(setLock(f, unix.F_UNLCK), bare(f.Close())))
	}, nil
}

func (r *Root) lock(path string, wait time.Duration) (*os.File, error) {
	d, name, err := r.locate(path)
	if err != nil {
		return nil, err
	}
	defer d.Close() //nolint:errcheck // nothing was written through it
	deadline := time.After(wait)
	again := time.NewTicker(pollInterval)
	defer again.Stop()
	for {
		f, err := tryLock(d, name)
		if !errors.Is(err, ErrBusy) {
			return f, err
		}
		select {
		case <-deadline:
			return nil, err
		case <-again.C:
		}
	}
}

// tryLock opens and locks one name, once.
func tryLock(d *os.File, name string) (*os.File, error) {
	f, err := openat(d, name, unix.O_RDWR, 0)
	switch {
	case errors.Is(err, unix.ELOOP), errors.Is(err, unix.ENXIO), errors.Is(err, unix.EISDIR):
		return nil, ErrNotRegular
	case err != nil:
		return nil, err
	}
	if err := lockOpen(d, name, f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func lockOpen(d *os.File, name string, f *os.File) error {
	st, err := fstat(f)
	if err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return ErrNotRegular
	}
	err = setLock(f, unix.F_WRLCK)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return busy(f)
	}
	if err != nil {
		return err
	}
	// Somebody may have put another file there, which others lock now.
	var now unix.Stat_t
	err = retry(func() error { return unix.Fstatat(int(d.Fd()), name, &now, unix.AT_SYMLINK_NOFOLLOW) })
	if err == nil && (now.Dev != st.Dev || now.Ino != st.Ino) {
		err = fmt.Errorf("replaced meanwhile: %w", ErrBusy)
	}
	return err
}

func setLock(f *os.File, how int16) error {
	lock := unix.Flock_t{Type: how, Whence: io.SeekStart}
	return retry(func() error { return unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lock) })
}

// busy names the holder of a lock, if the kernel does.
func busy(f *os.File) error {
	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}
	err := retry(func() error { return unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &lock) })
	if err == nil && lock.Type != unix.F_UNLCK && lock.Pid > 0 {
		return fmt.Errorf("%w %d", ErrBusy, lock.Pid)
	}
	return ErrBusy
}
