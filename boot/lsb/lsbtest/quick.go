// Package lsbtest bounds the time that reading a guest's files may take.
package lsbtest

import (
	"runtime"
	"syscall"
	"testing"
	"time"
)

const (
	// MaxInput is how many bytes of input Quick's limit is for. Fuzz targets
	// pass over longer ones.
	MaxInput = 64 << 10
	limit    = 100 * time.Millisecond
)

// Quick fails the test when f takes more than 100 ms of processor time. What
// else the machine does does not count.
func Quick(t testing.TB, f func()) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := threadTime(t)
	f()
	if took := threadTime(t) - before; took > limit {
		t.Errorf("took %v, want at most %v", took, limit)
	}
}

// threadTime gives the processor time of the thread.
func threadTime(t testing.TB) time.Duration {
	t.Helper()
	const thread = 1 // RUSAGE_THREAD, getrusage(2)
	var usage syscall.Rusage
	if err := syscall.Getrusage(thread, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
