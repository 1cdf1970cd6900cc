package state

import "errors"

// Errors that a caller may decide on.
var (
	// ErrBusy means that another process holds the ledger and kept it for as
	// long as the caller was ready to wait.
	ErrBusy = errors.New("another process uses the ledger")

	// ErrNewer means that the ledger was written in a format this build does
	// not know.
	ErrNewer = errors.New("written by a newer bootledger")

	// ErrNotFound means that the ledger holds no such transaction, blob or
	// manifest.
	ErrNotFound = errors.New("not in the ledger")

	// ErrReadOnly means a write to a ledger that was opened for reading, or to
	// one without a file.
	ErrReadOnly = errors.New("ledger is open for reading only")
)

// DamageError says that the file does not hold what was written to it.
type DamageError struct {
	Where   string // "page 12", "transaction 3", "blob 5fec…"
	Message string
}

func (e *DamageError) Error() string {
	return "damaged: " + e.Where + ": " + e.Message
}
