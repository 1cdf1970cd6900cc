package guesttest

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// runTimeout bounds one command in a guest.
const runTimeout = 5 * time.Minute

// Run runs a command inside the guest, without booting it, and gives what it
// printed. A command that fails ends the test.
func Run(t testing.TB, root string, command ...string) string {
	t.Helper()
	out, err := Try(t, root, command...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
	return out
}

// Try is Run for a command that may fail.
func Try(t testing.TB, root string, command ...string) (output string, err error) {
	t.Helper()
	out, err := Command(t, root, command...).CombinedOutput()
	return string(out), err
}

// Command prepares a command inside the guest. It sees the guest's root
// directory, a /proc of its own and no network; whatever it leaves running is
// killed.
func Command(t testing.TB, root string, command ...string) *exec.Cmd {
	t.Helper()
	Need(t, "unshare")
	ctx, cancel := context.WithTimeout(t.Context(), runTimeout)
	t.Cleanup(cancel)
	args := append([]string{"--mount", "--pid", "--ipc", "--uts", "--net", "--fork", "--kill-child", "--root=" + root, "--mount-proc"}, command...)
	cmd := exec.CommandContext(ctx, "unshare", args...)
	cmd.Env = []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive",
	}
	return cmd
}
