package state

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// lockRetry is the time between two attempts to lock, bbolt's own.
const lockRetry = 50 * time.Millisecond

// errReplaced means that the name led to another file by the time the lock was held.
var errReplaced = errors.New("its file was replaced meanwhile")

// openLocked opens a file of dir and locks it, as how says. The lock belongs to
// the open file, not to the process: bbolt, which gets this very descriptor, then
// locks what is locked already. Taking it before bbolt does is what lets the
// pages be walked while no writer changes them.
func openLocked(dir Dir, name string, flag, how int, deadline time.Time) (*os.File, error) {
	file, err := dir.OpenFile(name, flag, 0o600)
	if err != nil {
		return nil, err
	}
	err = lock(file, how, deadline)
	if err == nil {
		err = sameFile(dir, name, file)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func lock(file *os.File, how int, deadline time.Time) error {
	tick := time.NewTicker(lockRetry)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return fmt.Errorf("cannot lock: %w", err)
		case !time.Now().Before(deadline):
			return ErrBusy
		}
		<-tick.C
	}
}

func unlock(file *os.File) {
	_ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN) // a closed file has no lock left
}

// sameFile makes sure that the lock is on what others will find under the name.
func sameFile(dir Dir, name string, file *os.File) error {
	other, err := dir.OpenFile(name, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return errReplaced
	}
	if err != nil {
		return err
	}
	defer func() { _ = other.Close() }() // it was only looked at
	here, err := file.Stat()
	if err != nil {
		return err
	}
	there, err := other.Stat()
	if err != nil {
		return err
	}
	if !os.SameFile(here, there) {
		return errReplaced
	}
	return nil
}

// readAll copies the file, so that its walk does not depend on what becomes of it.
func readAll(file *os.File) ([]byte, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > maxSize {
		return nil, &DamageError{Where: "the file", Message: fmt.Sprintf("%d bytes, more than %d", info.Size(), maxSize)}
	}
	pages := make([]byte, info.Size())
	if _, err := io.ReadFull(io.NewSectionReader(file, 0, info.Size()), pages); err != nil {
		return nil, fmt.Errorf("cannot read: %w", err)
	}
	return pages, nil
}
