package rootfs

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"

	"golang.org/x/sys/unix"
)

// Stat says what a path holds, without content: SHA256 stays empty. The last
// component is not followed. A path that holds nothing gives fs.ErrNotExist.
func (r *Root) Stat(path string) (Entry, error) {
	d, name, err := r.locate(path)
	if err != nil {
		return Entry{}, fail("stat", path, err)
	}
	defer d.Close() //nolint:errcheck // nothing was written through it
	e, err := r.look(d, name)
	return e, fail("stat", path, err)
}

// Read gives a regular file of at most limit bytes: what it is and its content,
// both from one descriptor. The last component is not followed. Errors:
// ErrNotRegular, ErrTooLarge, and ErrChanged for a file that changed twice while
// it was read.
func (r *Root) Read(path string, limit int64) (Entry, []byte, error) {
	d, name, err := r.locate(path)
	if err != nil {
		return Entry{}, nil, fail("read", path, err)
	}
	defer d.Close() //nolint:errcheck // nothing was written through it
	e, content, err := r.readIn(d, name, limit)
	return e, content, fail("read", path, err)
}

// ReadThrough is Read for a path that may be a symlink: it is followed as inside
// the guest, and the entry is that of the file at its end.
func (r *Root) ReadThrough(path string, limit int64) (Entry, []byte, error) {
	e, content, err := r.readThrough(path, limit)
	return e, content, fail("read", path, err)
}

func (r *Root) readThrough(p string, limit int64) (Entry, []byte, error) {
	dir, name, err := split(p)
	if err != nil {
		return Entry{}, nil, err
	}
	for range 40 { // as many as the kernel follows
		d, err := r.readable(dir)
		if err != nil {
			return Entry{}, nil, err
		}
		e, err := r.look(d, name)
		var content []byte
		if err == nil && e.Type != Symlink {
			e, content, err = r.readIn(d, name, limit)
		}
		d.Close() //nolint:errcheck // nothing was written through it
		if err != nil || e.Type != Symlink {
			return e, content, err
		}
		// Not cleaned: dir may pass through symlinks, so .. must be left to the
		// look-up, which also stops it at the guest's root.
		next := e.Target
		if !path.IsAbs(next) {
			next = dir + "/" + next
		}
		dir, name = path.Split(next)
		if !single(name) {
			return Entry{}, nil, ErrNotRegular
		}
		dir = "./" + dir
	}
	return Entry{}, nil, unix.ELOOP
}

// ReadDir gives the names in a directory, in the order in which the directory
// keeps them, which insserv's output depends on. More than limit give
// ErrTooMany. The last component is not followed.
func (r *Root) ReadDir(path string, limit int) ([]string, error) {
	f, err := r.list(path)
	if err != nil {
		return nil, fail("list", path, err)
	}
	defer f.Close() //nolint:errcheck // nothing was written through it
	names, err := readNames(f, limit)
	return names, fail("list", path, err)
}

// Item is one name in a directory and what it holds.
type Item struct {
	Name  string
	Entry Entry
	// Content is that of a regular file, unless Err says why it could not be
	// read: ErrTooLarge, ErrChanged, or what the kernel said.
	Content []byte
	Err     error
}

// ReadItem gives what ReadAll would of one path.
func (r *Root) ReadItem(path string, size int64) (Item, error) {
	d, name, err := r.locate(path)
	if err != nil {
		return Item{}, fail("stat", path, err)
	}
	defer d.Close() //nolint:errcheck // nothing was written through it
	item, err := r.readItem(d, name, size)
	item.Err = fail("read", path, item.Err)
	return item, fail("stat", path, err)
}

// ReadAll gives a directory and all that is directly in it, as Stat, ReadDir and
// ReadItem would, with a fraction of their system calls. Names that are gone
// again are left out.
func (r *Root) ReadAll(path string, limit int, size int64) (Entry, []Item, error) {
	f, err := r.list(path)
	if err != nil {
		return Entry{}, nil, fail("list", path, err)
	}
	defer f.Close() //nolint:errcheck // nothing was written through it
	st, err := fstat(f)
	if err != nil {
		return Entry{}, nil, fail("stat", path, err)
	}
	names, err := readNames(f, limit)
	if err != nil {
		return Entry{}, nil, fail("list", path, err)
	}
	items := make([]Item, 0, len(names))
	for _, name := range names {
		item, err := r.readItem(f, name, size)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return Entry{}, nil, fail("stat", path+"/"+name, err)
		}
		item.Err = fail("read", path+"/"+name, item.Err)
		items = append(items, item)
	}
	return r.entry(&st), items, nil
}

func (r *Root) readItem(d *os.File, name string, size int64) (Item, error) {
	st, err := lstat(d, name)
	if err != nil {
		return Item{}, err
	}
	item := Item{Name: name, Entry: r.entry(&st)}
	switch item.Entry.Type {
	case Symlink:
		if item.Entry.Target, err = readlink(int(d.Fd()), name); errors.Is(err, unix.EINVAL) { // no symlink any more
			item.Entry, err = r.look(d, name)
		}
		return item, err
	case File:
		item.Entry, item.Content, item.Err = r.readSettled(d, name, size)
		if item.Err != nil {
			item.Entry = r.entry(&st)
		}
	}
	return item, nil
}

// list opens a directory to read its names.
func (r *Root) list(path string) (*os.File, error) {
	dir, name, err := split(path)
	if err != nil {
		return nil, err
	}
	f, err := beneath(r.dir, dir+"/"+name, unix.O_RDONLY)
	if !errors.Is(err, ErrOutside) {
		return f, err
	}
	d, err := r.readable(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close() //nolint:errcheck // nothing was written through it
	return openat(d, name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
}

func readNames(f *os.File, limit int) ([]string, error) {
	var names []string
	for {
		some, err := f.Readdirnames(256)
		names = append(names, some...)
		switch {
		case errors.Is(err, io.EOF):
			return names, nil
		case err != nil:
			return nil, bare(err)
		case len(names) > limit:
			return nil, ErrTooMany
		}
	}
}

// locate gives a handle on the directory of path, and the name in it.
func (r *Root) locate(path string) (*os.File, string, error) {
	dir, name, err := split(path)
	if err != nil {
		return nil, "", err
	}
	d, err := r.readable(dir)
	return d, name, err
}

// look says what a name holds, from one descriptor that opens nothing.
func (r *Root) look(d *os.File, name string) (Entry, error) {
	fd, err := openatFD(d, name, unix.O_PATH, 0)
	if err != nil {
		return Entry{}, err
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written through it
	st, err := fstatFD(fd)
	if err != nil {
		return Entry{}, err
	}
	e := r.entry(&st)
	if e.Type == Symlink {
		e.Target, err = readlink(fd, "")
	}
	return e, err
}

func (r *Root) readIn(d *os.File, name string, limit int64) (Entry, []byte, error) {
	// Opening a device or the end of a FIFO may do something, so have a look
	// first; the open does not rely on it.
	e, err := r.look(d, name)
	if err == nil && e.Type != File {
		err = ErrNotRegular
	}
	if err != nil {
		return Entry{}, nil, err
	}
	return r.readSettled(d, name, limit)
}

// readSettled reads a regular file that may change once meanwhile.
func (r *Root) readSettled(d *os.File, name string, limit int64) (Entry, []byte, error) {
	e, content, err := r.readOnce(d, name, limit)
	if errors.Is(err, ErrChanged) {
		e, content, err = r.readOnce(d, name, limit)
	}
	if err != nil {
		return Entry{}, nil, err
	}
	sum := sha256.Sum256(content)
	e.SHA256 = hex.EncodeToString(sum[:])
	return e, content, nil
}

func (r *Root) readOnce(d *os.File, name string, limit int64) (Entry, []byte, error) {
	fd, err := openatFD(d, name, unix.O_RDONLY, 0)
	switch {
	case errors.Is(err, unix.ELOOP), errors.Is(err, unix.ENXIO):
		return Entry{}, nil, ErrNotRegular
	case err != nil:
		return Entry{}, nil, err
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written through it
	before, err := fstatFD(fd)
	switch {
	case err != nil:
		return Entry{}, nil, err
	case before.Mode&unix.S_IFMT != unix.S_IFREG:
		return Entry{}, nil, ErrNotRegular
	case before.Size > limit:
		return Entry{}, nil, ErrTooLarge
	}
	content, err := readUpTo(fd, before.Size, limit)
	if err != nil {
		return Entry{}, nil, err
	}
	after, err := fstatFD(fd)
	if err == nil && (before.Size != after.Size || before.Mtim != after.Mtim || before.Ctim != after.Ctim) {
		err = ErrChanged
	}
	return r.entry(&after), content, err
}

// readUpTo reads a file to its end, in one piece if it has the expected size; it
// is for the caller to see that it still has that afterwards. More than limit
// bytes give ErrTooLarge.
func readUpTo(fd int, expected, limit int64) ([]byte, error) {
	content := make([]byte, 0, expected+1)
	for int64(len(content)) <= limit {
		if len(content) == cap(content) {
			content = slices.Grow(content, 512)
		}
		var n int
		err := retry(func() (err error) { n, err = unix.Read(fd, content[len(content):cap(content)]); return err })
		if err != nil {
			return nil, err
		}
		content = content[:len(content)+n]
		if n == 0 || int64(len(content)) == expected {
			return content, nil
		}
	}
	return nil, ErrTooLarge
}

// entry turns what the kernel says into the guest's view.
func (r *Root) entry(st *unix.Stat_t) Entry {
	e := Entry{
		Type:  Other,
		Mode:  st.Mode & 0o7777,
		UID:   guestID(st.Uid, r.uid),
		GID:   guestID(st.Gid, r.gid),
		MTime: unixTime(st.Mtim),
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		e.Type, e.Size = File, st.Size
	case unix.S_IFLNK:
		e.Type = Symlink
	case unix.S_IFDIR:
		e.Type = Dir
	}
	return e
}
