package rootfs

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// maxContent bounds the files that Replace writes and compares. Nothing that
// decides a boot comes near it.
const maxContent = 16 << 20

// Replace changes what one path holds, from *have to *want, where nil stands for
// nothing; content is that of a wanted file. It is the only way to change a
// guest. A reader sees the one or the other, never a mixture.
//
// When the path holds anything else than *have, as [Entry.Same] tells, Replace
// gives ErrChanged and leaves it, or the newer thing that somebody put there, in
// place; the same when a file is open for writing. It compares what it took out,
// so no change slips in between. When somebody keeps on changing the path, the
// error may name a leftover that holds one of his versions. After any error that
// is neither ErrChanged nor a refusal the path holds the one or the other.
//
// Owner, permission bits and, unless zero, the time of modification become those
// of *want; set-id and sticky bits are dropped, extended attributes are not kept.
// A directory comes, goes (empty, else ENOTEMPTY) or changes owner and mode; it
// does not become a file at once. Other cannot be replaced or made.
//
// Parents of path must exist, hold no symlink on the way (ErrOutside) and be
// writable by the guest's root alone (fs.ErrPermission). The change is durable
// after [Root.Sync]; the content of a new file is so before it gets its name.
//
// On file systems without RENAME_EXCHANGE (NFS, FAT) a file is compared and then
// replaced: a change between the two is lost.
func (r *Root) Replace(path string, have, want *Entry, content []byte) error {
	return fail("change", path, r.replace(path, have, want, content))
}

func (r *Root) replace(path string, have, want *Entry, content []byte) error {
	if err := possible(have, want, content); err != nil {
		return err
	}
	dir, name, err := split(path)
	if err != nil {
		return err
	}
	if !single(name) {
		return ErrOutside
	}
	d, err := r.writable(dir)
	if err != nil {
		return err
	}
	defer d.Close() //nolint:errcheck // Sync has a handle of its own
	if err := r.compare(d, name, have); err != nil {
		return err
	}
	if err := r.touch(d); err != nil {
		return err
	}
	switch {
	case have == nil && want == nil:
		return nil
	case have == nil:
		return r.add(d, name, want, content)
	case have.Type == Dir && want == nil:
		return unlink(d, name, unix.AT_REMOVEDIR)
	case have.Type == Dir:
		return r.alterDir(d, name, have, want)
	case want == nil:
		return r.takeOut(d, name, have)
	default:
		return r.exchange(d, name, have, want, content)
	}
}

// possible refuses a pair that Replace cannot bring about or cannot be sure of.
func possible(have, want *Entry, content []byte) error {
	for _, e := range []*Entry{have, want} {
		if e != nil && e.Type != File && e.Type != Symlink && e.Type != Dir {
			return fmt.Errorf("type %q: %w", e.Type, errors.ErrUnsupported)
		}
	}
	if have != nil && want != nil && (have.Type == Dir) != (want.Type == Dir) {
		return fmt.Errorf("from %s to %s at once: %w", have.Type, want.Type, errors.ErrUnsupported)
	}
	if have != nil && have.Type == File && have.SHA256 == "" {
		return fmt.Errorf("expected file has no digest: %w", fs.ErrInvalid)
	}
	if want == nil || want.Type != File {
		return nil
	}
	if len(content) > maxContent {
		return ErrTooLarge
	}
	if sum := sha256.Sum256(content); want.SHA256 != "" && want.SHA256 != hex.EncodeToString(sum[:]) {
		return fmt.Errorf("content is not that of the wanted file: %w", fs.ErrInvalid)
	}
	return nil
}

// compare gives ErrChanged unless a name holds *e, or nothing if e is nil.
func (r *Root) compare(d *os.File, name string, e *Entry) error {
	got, err := r.look(d, name)
	if err == nil && e != nil && e.Type == File && got.Type == File {
		got, _, err = r.readIn(d, name, maxContent)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if e == nil {
			return nil
		}
		return ErrChanged
	case errors.Is(err, ErrNotRegular), errors.Is(err, ErrTooLarge):
		return ErrChanged
	case err != nil:
		return err
	case e == nil || !got.Same(*e):
		return ErrChanged
	}
	return nil
}

// add puts something where nothing is.
func (r *Root) add(d *os.File, name string, want *Entry, content []byte) error {
	tmp, err := r.stage(d, want, content)
	if err != nil {
		return err
	}
	err = move(d, tmp, name)
	if err == nil {
		return nil
	}
	if errors.Is(err, unix.EEXIST) {
		err = ErrChanged
	}
	return errors.Join(err, discard(d, tmp))
}

// alterDir gives a directory another owner, mode and time.
func (r *Root) alterDir(d *os.File, name string, have, want *Entry) error {
	f, err := openat(d, name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // synced before
	st, err := fstat(f)
	if err != nil {
		return err
	}
	if got := r.entry(&st); !got.Same(*have) {
		return ErrChanged
	}
	if err := r.dress(f, want); err != nil {
		return err
	}
	if err := setMTime(f, ".", want.MTime); err != nil {
		return err
	}
	return bare(f.Sync())
}
