package rootfs

import (
	"crypto/rand"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// tempPrefix begins the names under which things wait before they take their
// place, or after they lost it. insserv, startpar, run-parts and cron pass over
// names with a leading dot.
const tempPrefix = ".bootledger-"

func tempName() string { return tempPrefix + rand.Text() }

// stage makes what want says under a temporary name in d. On an error nothing
// is left.
func (r *Root) stage(d *os.File, want *Entry, content []byte) (string, error) {
	tmp := tempName()
	var err error
	switch want.Type {
	case File:
		err = r.stageFile(d, tmp, want, content)
	case Symlink:
		err = r.stageSymlink(d, tmp, want)
	case Dir:
		err = r.stageDir(d, tmp, want)
	}
	if err != nil {
		return "", errors.Join(err, discard(d, tmp))
	}
	return tmp, nil
}

// stageFile leaves no doubt after a crash: as long as the content may not be
// whole, the mode is 0, which nobody else gives a file.
func (r *Root) stageFile(d *os.File, tmp string, want *Entry, content []byte) (err error) {
	f, err := openat(d, tmp, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bare(f.Close())) }()
	if _, err := f.Write(content); err != nil {
		return bare(err)
	}
	if err := f.Sync(); err != nil {
		return bare(err)
	}
	if err := r.dress(f, want); err != nil {
		return err
	}
	if err := setMTime(d, tmp, want.MTime); err != nil {
		return err
	}
	return bare(f.Sync())
}

func (r *Root) stageSymlink(d *os.File, tmp string, want *Entry) error {
	err := retry(func() error { return unix.Symlinkat(want.Target, int(d.Fd()), tmp) })
	if err != nil {
		return err
	}
	f, err := openat(d, tmp, unix.O_PATH, 0)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // O_PATH
	if err := r.give(f, want); err != nil {
		return err
	}
	return setMTime(d, tmp, want.MTime)
}

func (r *Root) stageDir(d *os.File, tmp string, want *Entry) error {
	err := retry(func() error { return unix.Mkdirat(int(d.Fd()), tmp, 0o700) })
	if err != nil {
		return err
	}
	f, err := openat(d, tmp, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // synced before
	if err := r.dress(f, want); err != nil {
		return err
	}
	if err := setMTime(d, tmp, want.MTime); err != nil {
		return err
	}
	return bare(f.Sync())
}

// give sets the owner of what f is open on.
func (r *Root) give(f *os.File, want *Entry) error {
	uid, err := hostID(want.UID, r.uid)
	if err != nil {
		return err
	}
	gid, err := hostID(want.GID, r.gid)
	if err != nil {
		return err
	}
	return chown(f, uid, gid)
}

// dress sets owner and mode of what f is open on, in this order: a change of
// owner may clear bits of the mode.
func (r *Root) dress(f *os.File, want *Entry) error {
	if err := r.give(f, want); err != nil {
		return err
	}
	return retry(func() error { return unix.Fchmod(int(f.Fd()), want.Mode&0o777) })
}

// setMTime sets the time of modification of a name that is not followed. The
// zero time leaves it.
func setMTime(d *os.File, name string, t time.Time) error {
	if t.IsZero() {
		return nil
	}
	mtime, err := unix.TimeToTimespec(t)
	if err != nil {
		return err
	}
	times := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, mtime}
	return retry(func() error { return unix.UtimesNanoAt(int(d.Fd()), name, times, unix.AT_SYMLINK_NOFOLLOW) })
}

func unixTime(ts unix.Timespec) time.Time { return time.Unix(ts.Unix()).UTC() }

// discard removes a temporary name of any kind, if it is there.
func discard(d *os.File, tmp string) error {
	err := unlink(d, tmp, 0)
	if errors.Is(err, unix.EISDIR) {
		err = unlink(d, tmp, unix.AT_REMOVEDIR)
	}
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}
