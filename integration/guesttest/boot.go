package guesttest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

const (
	bootTimeout = 90 * time.Second
	haltTimeout = 60 * time.Second
)

// BootReport says how one boot of a guest went.
type BootReport struct {
	// Complete says that the scripts of the runlevel have ended: init runs getty
	// then, and not before. It is false when a script gave up instead and ran
	// sulogin, to have the machine mended.
	Complete bool
	// Duration is the time from the start of LXC to there.
	Duration time.Duration
	// Runlevel is what runlevel(8) said then, as in "2".
	Runlevel string
	// Processes are the names of all that ran then, sorted.
	Processes []string
	// Console holds what was printed until then, line by line; Failures are
	// those lines of it that report something going wrong.
	Console, Failures []string

	// Halted says that the guest came down by itself after "init 0", or whatever
	// was to bring it down, and HaltDuration how long it took.
	Halted       bool
	HaltDuration time.Duration
	// HaltConsole and HaltFailures are as Console and Failures, for the way down.
	HaltConsole, HaltFailures []string
}

// Attach runs a command inside a running guest and gives what it printed.
type Attach func(command ...string) (string, error)

// Boot boots the guest in LXC, waits until it is up, calls during, which may be
// nil, and halts it. A guest that does not come up or does not go down is
// reported: whether that is a failure is the caller's to say.
func Boot(t testing.TB, root string, during func(Attach)) BootReport {
	t.Helper()
	return boot(t, root, "", during, haltTimeout, func(ctx context.Context, c *container) error {
		_, err := c.attach(ctx, "/sbin/init", "0")
		return err
	})
}

// BootAndStop is Boot for a guest with as many virtual terminals as LXC's own
// configurations give it, and it is lxc-stop that brings it down, by a signal, or
// gives up after limit.
func BootAndStop(t testing.TB, root string, limit time.Duration) BootReport {
	t.Helper()
	return boot(t, root, "lxc.tty.max = 4\n", nil, limit, func(ctx context.Context, c *container) error {
		return c.command(ctx, "lxc-stop", "--nokill", fmt.Sprintf("--timeout=%.0f", limit.Seconds())).Run()
	})
}

func boot(t testing.TB, root, settings string, during func(Attach), limit time.Duration, halt func(context.Context, *container) error) BootReport {
	t.Helper()
	Need(t, "lxc-start", "lxc-attach", "lxc-info", "lxc-stop")
	ctx, cancel := context.WithTimeout(t.Context(), bootTimeout+haltTimeout+runTimeout)
	defer cancel()

	var report BootReport
	started := time.Now()
	c := startContainer(ctx, t, root, settings)
	c.wait(bootTimeout, func() bool { return c.runs("getty") || c.runs("sulogin") })
	report.Complete = c.runs("getty")
	report.Duration = time.Since(started)
	if c.ended() {
		t.Fatalf("the guest ended while it booted: %s\n%s", c.stderr.Bytes(), c.consoleLog(t))
	}
	report.Processes = c.processes()
	log := c.consoleLog(t)
	report.Console = consoleLines(log)
	report.Failures = failures(report.Console)
	attach := func(command ...string) (string, error) { return c.attach(ctx, command...) }
	if level, err := attach("/sbin/runlevel"); err == nil {
		_, level, _ = strings.Cut(level, " ")
		report.Runlevel = strings.TrimSpace(level)
	}
	if during != nil {
		during(attach)
		log = c.consoleLog(t)
	}

	halting := time.Now()
	report.Halted = halt(ctx, c) == nil && c.wait(limit, c.ended)
	report.HaltDuration = time.Since(halting)
	report.HaltConsole = consoleLines(bytes.TrimPrefix(c.consoleLog(t), log))
	report.HaltFailures = failures(report.HaltConsole)
	return report
}
