package state

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

const (
	// reserve is the room on the disk, in bytes, that Begin makes sure of, so that
	// the end of the transaction can be recorded when something else filled the
	// disk meanwhile.
	reserve = 1 << 20

	// headroom is what Begin leaves below maxSize. bbolt refuses to grow a file
	// that would come closer to it than 16 MiB.
	headroom = 32 << 20

	fallocKeepSize = 0x01 // FALLOC_FL_KEEP_SIZE of linux/falloc.h
)

// makeRoom fails when the ledger, in use up to size, could not take the records
// of one more transaction.
func makeRoom(file *os.File, size int64) error {
	if size > maxSize-headroom {
		return fmt.Errorf("the ledger is full: %d bytes", size)
	}
	for {
		err := syscall.Fallocate(int(file.Fd()), fallocKeepSize, size, reserve)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err == nil, errors.Is(err, syscall.EOPNOTSUPP), errors.Is(err, syscall.ENOSYS):
			return nil // a file system that cannot do it writes all the same
		default:
			return fmt.Errorf("cannot reserve %d bytes: %w", reserve, err)
		}
	}
}
