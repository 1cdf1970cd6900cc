package rootfs

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// ordered lists the file systems on which a synced directory brings its renames
// to disk in an order that a crash cannot mix up. On btrfs, and on whatever may
// lie beneath an overlay, a link moved between two directories can come back in
// both: there the whole file system is synced.
var ordered = map[uint32]bool{
	unix.EXT4_SUPER_MAGIC: true, // ext2 and ext3 too
	unix.XFS_SUPER_MAGIC:  true,
	unix.F2FS_SUPER_MAGIC: true,
	unix.TMPFS_MAGIC:      true,
}

// Sync makes every change since the last Sync durable, directories in the order
// in which they were first changed. An error stays: after a failed sync the
// kernel forgets what was lost, so a later success would mean nothing.
func (r *Root) Sync() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range r.changed {
		if err := errors.Join(flush(d), d.Close()); err != nil {
			r.failed = errors.Join(r.failed, fail("sync", "/"+d.Name(), err))
		}
	}
	r.changed = nil
	return r.failed
}

// touch remembers a directory, before it is changed, for the next Sync.
func (r *Root) touch(d *os.File) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	info, err := d.Stat()
	if err != nil {
		return bare(err)
	}
	for _, c := range r.changed {
		if known, err := c.Stat(); err == nil && os.SameFile(known, info) {
			return nil
		}
	}
	fd, err := unix.FcntlInt(d.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return err
	}
	r.changed = append(r.changed, os.NewFile(uintptr(fd), d.Name()))
	return nil
}

func flush(d *os.File) error {
	var st unix.Statfs_t
	if err := retry(func() error { return unix.Fstatfs(int(d.Fd()), &st) }); err != nil {
		return err
	}
	if ordered[uint32(st.Type)] {
		return bare(d.Sync())
	}
	return retry(func() error { return unix.Syncfs(int(d.Fd())) })
}
