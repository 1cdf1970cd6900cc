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
		t.Skip("needs root: guests are mounted and run in namespaces")
	}
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s: %v", program, err)
		}
	}
}
