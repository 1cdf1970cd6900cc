package snapshot

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/state"
)

// Kind says what sort of failure an Error is; it decides the exit code.
type Kind string

// The kinds of failures. After each of them the guest is as it was, except
// after Unfinished, which says so.
const (
	Usage         Kind = "usage"          // the call asks for something that cannot be
	NotAGuest     Kind = "not_a_guest"    // no guest there, or none of a kind bootledger knows
	UnknownScript Kind = "unknown_script" // no such script
	NoTransaction Kind = "no_transaction" // no such point in time
	Permission    Kind = "permission"     // the kernel said no
	ReadOnly      Kind = "read_only"      // the guest cannot be written to
	NewerLedger   Kind = "newer_ledger"   // written by a later bootledger
	DamagedLedger Kind = "damaged_ledger" // the ledger does not hold together
	Refused       Kind = "refused"        // insserv refused
	Conflict      Kind = "conflict"       // somebody else changed what would be overwritten
	Busy          Kind = "busy"           // another bootledger or dpkg is at work
	Unfinished    Kind = "unfinished"     // taking back failed: recover has to finish it
	Failed        Kind = "failed"         // anything else
)

// Error is a failure with what a user needs to act on it.
type Error struct {
	Kind    Kind
	Message string
	Hint    string   // what to do, empty if there is nothing to say
	Paths   []string // of a conflict: what was changed by somebody else
	Err     error    // the cause, nil if the message says it all
}

func (e *Error) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return e.Message + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

func fail(kind Kind, hint, format string, args ...any) error {
	return &Error{Kind: kind, Hint: hint, Message: fmt.Sprintf(format, args...)}
}

// Explain gives err the kind and hint that fit its cause. An *Error in the
// chain is handed through.
func Explain(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	explained := &Error{Kind: Failed, Message: err.Error()}
	var damage *state.DamageError
	switch {
	case errors.Is(err, boot.ErrNotGuest):
		explained.Kind = NotAGuest
		explained.Hint = "name the root directory of a Debian guest with --root=DIR"
	case errors.Is(err, state.ErrBusy), errors.Is(err, rootfs.ErrBusy):
		explained.Kind = Busy
		explained.Hint = "try again when it is done, or wait longer with --wait=DURATION"
	case errors.Is(err, state.ErrNewer):
		explained.Kind = NewerLedger
		explained.Hint = "use the bootledger that wrote it, or a later one"
	case errors.As(err, &damage):
		explained.Kind = DamagedLedger
		explained.Hint = "keep the file for a look, move it away, and convert again"
	case errors.Is(err, rootfs.ErrChanged):
		explained.Kind = Conflict
		explained.Hint = "look at what changed it, then call again"
	case errors.Is(err, syscall.EROFS):
		explained.Kind = ReadOnly
		explained.Hint = "mount the guest's file system read-write first"
	case errors.Is(err, fs.ErrPermission):
		explained.Kind = Permission
		explained.Hint = "run bootledger as root"
	}
	return explained
}
