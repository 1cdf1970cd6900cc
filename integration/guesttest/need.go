package guesttest

import (
	"os"
	"os/exec"
	"testing"
)

// Need skips the test unless it runs as root and finds the named programs in
// PATH.
func Need(t testing.TB, programs ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		Skip(t, "needs root: guests are mounted and run in namespaces")
	}
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			Skip(t, "needs %s: %v", program, err)
		}
	}
}

// Skip skips the test for lack of something, and says of what. Where
// BOOTLEDGER_CI is set the test fails instead: there, nothing may be lacking.
func Skip(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("BOOTLEDGER_CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}
