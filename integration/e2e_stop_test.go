package integration_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bootledger/bootledger/integration/guesttest"
)

// TestStopHaltsCleanly has lxc-stop bring down what was the image of a physical
// machine: its inittab has init answer the signal by a script that is not there,
// and keeps gettys on terminals that are not there either.
func TestStopHaltsCleanly(t *testing.T) {
	eachRelease(t, func(t *testing.T, release string) {
		if report := guesttest.BootAndStop(t, build(t, release).root, 5*time.Second); report.Halted {
			t.Errorf("without conversion lxc-stop halts the guest, too: %q", report.HaltConsole)
		}
		g := install(guest{t, guesttest.BuildMachine(t, release)})
		inittab := filepath.Join(g.root, "etc", "inittab")
		before, err := os.ReadFile(inittab)
		must(t, err)
		before = append(before, "T0:23:respawn:/sbin/getty -L ttyS0 9600 vt100\n"...)
		must(t, os.WriteFile(inittab, before, 0o644))
		g.inside(0, "convert")

		report := guesttest.BootAndStop(t, g.root, 45*time.Second)
		console := append(report.Console, report.HaltConsole...)
		t.Logf("boots in %v, stops in %v; failures %q, %q", report.Duration, report.HaltDuration, report.Failures, report.HaltFailures)
		if !report.Complete || !report.Halted {
			t.Errorf("complete %t, halted %t:\n%s", report.Complete, report.Halted, strings.Join(console, "\n"))
		}
		if text := strings.Join(console, "\n"); strings.Contains(text, "too fast") || !strings.Contains(text, "Will now halt") {
			t.Errorf("not halted in good order:\n%s", text)
		}
		plain := guesttest.Boot(t, build(t, release).root, nil)
		if line := added(plain.Failures, report.Failures); line != "" {
			t.Errorf("only the converted guest prints %q", line)
		}
		if line := added(plain.HaltFailures, report.HaltFailures); line != "" {
			t.Errorf("only the converted guest prints %q on its way down", line)
		}

		g.inside(0, "rollback", "0", "--assume-yes")
		after, err := os.ReadFile(inittab)
		must(t, err)
		if string(after) != string(before) {
			t.Errorf("after the rollback inittab is not as before:\n%s", after)
		}
	})
}
