package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// Dir is the directory that holds the ledger. Names are single components,
// never followed when they are links; OpenFile opens regular files only; Rename
// fails with fs.ErrExist when the new name is taken; Sync makes names durable.
type Dir interface {
	OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error)
	Rename(oldName, newName string) error
	Remove(name string) error
	Sync() error
}

// Options say how to open a ledger. The zero value opens it for writing and does
// not wait.
type Options struct {
	ReadOnly bool          // readers share the ledger with each other, not with a writer
	Wait     time.Duration // how long to wait for whoever holds the ledger; 0: not at all
}

// Ledger is an open ledger. Its methods may be called from several goroutines.
type Ledger struct {
	db   *bbolt.DB // nil: there is no file
	file *os.File  // the one that db owns
	id   string

	discard func() error // removes the file that Open created; nil once something is recorded
}

// attempts bounds how often Open starts anew because the file was replaced
// between its opening and its locking.
const attempts = 100

// maxSize bounds the file, in bytes. A ledger of 200 transactions has about 1 MiB.
const maxSize = 256 << 20

// Empty returns a ledger without a file: every read finds nothing, and writes fail
// with ErrReadOnly.
func Empty() *Ledger { return &Ledger{} }

// Open opens the ledger called name. One that is missing, or has 0 bytes because
// its file system lost them in a crash, is created, or with ReadOnly taken for
// an empty one.
//
// Errors wrap ErrBusy when it stayed locked for o.Wait, ErrNewer when its format
// is not known, a *DamageError when the file is no sound ledger, and else what
// dir's methods return.
func Open(dir Dir, name string, o Options) (*Ledger, error) {
	deadline := time.Now().Add(o.Wait)
	for range attempts {
		l, err := openExisting(dir, name, o.ReadOnly, deadline)
		if errors.Is(err, fs.ErrNotExist) {
			if o.ReadOnly {
				return Empty(), nil
			}
			l, err = create(dir, name, deadline)
		}
		if err == nil {
			return l, nil
		}
		if !errors.Is(err, errReplaced) {
			return nil, fmt.Errorf("cannot open ledger %s: %w", name, err)
		}
	}
	return nil, fmt.Errorf("cannot open ledger %s: %w", name, errReplaced)
}

func openExisting(dir Dir, name string, readOnly bool, deadline time.Time) (*Ledger, error) {
	flag, how := os.O_RDWR, syscall.LOCK_EX
	if readOnly {
		flag, how = os.O_RDONLY, syscall.LOCK_SH
	}
	file, err := openLocked(dir, name, flag, how, deadline)
	if err != nil {
		return nil, err
	}
	pages, err := readAll(file)
	switch {
	case err != nil:
	case len(pages) > 0:
		err = checkPages(pages)
	case readOnly:
		err = fs.ErrNotExist
	default:
		if err = dir.Remove(name); err == nil {
			err = fs.ErrNotExist
		}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	db, err := openDB(file, readOnly)
	if err != nil {
		return nil, err
	}
	return load(db, file)
}

// create writes the ledger beside its name and renames it. The lock that it takes
// on the temporary file goes with the file, so nobody sees the ledger unlocked
// before it is complete.
func create(dir Dir, name string, deadline time.Time) (*Ledger, error) {
	temp := name + ".new"
	file, err := openLocked(dir, temp, os.O_RDWR|os.O_CREATE, syscall.LOCK_EX, deadline)
	if err != nil {
		return nil, err
	}
	// Whoever made it and let go of the lock without renaming it has crashed.
	if err := file.Truncate(0); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	db, err := openDB(file, false)
	if err != nil {
		return nil, err
	}
	if err := initialise(db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := dir.Rename(temp, name); err != nil {
		if errors.Is(err, fs.ErrExist) {
			err = errors.Join(errReplaced, dir.Remove(temp))
		}
		return nil, errors.Join(err, db.Close())
	}
	if err := dir.Sync(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	l, err := load(db, file)
	if err != nil {
		return nil, err
	}
	l.discard = func() error { return errors.Join(dir.Remove(name), dir.Sync()) }
	return l, nil
}

// openDB hands a locked and walked file to bbolt, which owns it from then on.
func openDB(file *os.File, readOnly bool) (*bbolt.DB, error) {
	var db *bbolt.DB
	err := guard(func() (err error) {
		db, err = bbolt.Open(file.Name(), 0o600, &bbolt.Options{
			ReadOnly: readOnly,
			// The lock is ours already; 0 would wait for ever for somebody else's.
			Timeout:      time.Nanosecond,
			PageSize:     pageSize,
			FreelistType: bbolt.FreelistMapType,
			MaxSize:      maxSize,
			NoStatistics: true,
			OpenFile:     func(string, int, fs.FileMode) (*os.File, error) { return file, nil },
		})
		return err
	})
	if err != nil {
		// A panic leaves the file open and mapped, and a mapping keeps the lock.
		unlock(file)
		_ = file.Close() // closed already unless bbolt panicked
		return nil, err
	}
	return db, nil
}

// load checks what the ledger says of itself. It closes db when that is no good.
func load(db *bbolt.DB, file *os.File) (*Ledger, error) {
	l := &Ledger{db: db, file: file}
	// A process that was killed may have left its last commit in the page cache:
	// to be seen by all and gone with the next power cut.
	err := db.Sync()
	if db.IsReadOnly() {
		err = nil // nothing waits to be written on a file system that is read-only
	}
	if err == nil {
		err = l.view(func(tx *bbolt.Tx) (err error) {
			l.id, err = readMeta(tx)
			return err
		})
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return l, nil
}

// Close gives the ledger back to others.
func (l *Ledger) Close() error {
	if l.db == nil {
		return nil
	}
	return l.db.Close()
}

// Release is Close for whoever leaves no trace: the file of a ledger that Open
// created is gone afterwards, if nothing was recorded in it.
func (l *Ledger) Release() error {
	var err error
	if l.discard != nil {
		err = l.discard() // under the lock: whoever waits for it sees that the name is gone
	}
	return errors.Join(err, l.Close())
}

// ID returns the random name, 16 bytes in hex, that the ledger got when it was
// created. A clone has the same; an empty ledger has none.
func (l *Ledger) ID() string { return l.id }

func (l *Ledger) view(f func(*bbolt.Tx) error) error {
	if l.db == nil {
		return nil
	}
	return guard(func() error { return l.db.View(f) })
}

// find is view for what must be there.
func (l *Ledger) find(f func(*bbolt.Tx) error) error {
	if l.db == nil {
		return ErrNotFound
	}
	return l.view(f)
}

func (l *Ledger) update(f func(*bbolt.Tx) error) error {
	if l.db == nil {
		return ErrReadOnly
	}
	err := guard(func() error { return l.db.Update(f) })
	if err == nil {
		l.discard = nil
	}
	return err
}

// guard calls into bbolt. What bbolt answers to a damaged file with a panic, or
// the kernel with a signal because the file shrank while it was mapped, becomes
// an error: the second line of defence after the walk of the pages.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = &DamageError{Where: "the pages", Message: fmt.Sprint(p)}
		}
	}()
	err = f()
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return ErrBusy
	case errors.Is(err, berrors.ErrDatabaseReadOnly):
		return ErrReadOnly
	}
	return err
}
