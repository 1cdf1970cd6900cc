package rootfstest

import (
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// Exchange exchanges two paths below dir with each other, over and over, until
// the returned function is called, which says how often it did.
func Exchange(t testing.TB, dir, a, b string) (stop func() int) {
	t.Helper()
	a, b = filepath.Join(dir, a), filepath.Join(dir, b)
	return Repeat(func() {
		if err := unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE); err != nil {
			t.Errorf("cannot exchange %s and %s: %v", a, b, err)
		}
	})
}

// Repeat calls a function, over and over, on a goroutine of its own until the
// returned function is called, which waits for the last call to end and says how
// many there were.
func Repeat(act func()) (stop func() int) {
	quit, done := make(chan struct{}), make(chan int)
	go func() {
		for n := 0; ; n++ {
			select {
			case <-quit:
				done <- n
				return
			default:
				act()
			}
		}
	}()
	return func() int {
		close(quit)
		return <-done
	}
}
