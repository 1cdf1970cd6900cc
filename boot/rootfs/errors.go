package rootfs

import (
	"errors"
	"io/fs"
)

// What this package finds wrong with a path of a guest. They come wrapped in a
// PathError; ask with errors.Is. Everything else is an error of the kernel, such
// as fs.ErrNotExist.
var (
	ErrNotRegular = errors.New("not a regular file")
	ErrTooLarge   = errors.New("file is too large")
	ErrTooMany    = errors.New("too many names in the directory")
	ErrChanged    = errors.New("changed by somebody else")
	ErrOutside    = errors.New("path may lead out of the guest")
	ErrBusy       = errors.New("locked by another process")
)

// PathError says what was tried on which path of the guest, and why it failed.
type PathError struct {
	Op   string // a verb, as in "read"
	Path string // as seen in the guest
	Err  error
}

// Error quotes the path, which the guest may have named as it liked.
func (e *PathError) Error() string {
	return "cannot " + e.Op + " " + Quote(e.Path) + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *PathError) Unwrap() error { return e.Err }

// fail puts the guest's path around an error, if there is one.
func fail(op, path string, err error) error {
	if err == nil {
		return nil
	}
	return &PathError{Op: op, Path: path, Err: err}
}

// bare takes the cause out of the errors of package os and of pathrs, whose
// paths are handles or host paths that mean nothing to a user.
func bare(err error) error {
	for {
		outer, ok := errors.AsType[*fs.PathError](err)
		if !ok {
			return err
		}
		err = outer.Err
	}
}
