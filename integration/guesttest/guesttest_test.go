package guesttest_test

import (
	"slices"
	"testing"

	"github.com/bootledger/bootledger/integration/guesttest"
)

func TestGuestBootsAndHalts(t *testing.T) {
	for _, release := range guesttest.Releases {
		t.Run(release, func(t *testing.T) {
			root := guesttest.Build(t, release)
			report := guesttest.Boot(t, root, nil)
			if !report.Complete || report.Runlevel != "2" {
				t.Errorf("boot complete: %t, runlevel %q", report.Complete, report.Runlevel)
			}
			for _, daemon := range []string{"cron", "rsyslogd", "sshd"} {
				if !slices.Contains(report.Processes, daemon) {
					t.Errorf("no %s among %q", daemon, report.Processes)
				}
			}
			if !report.Halted {
				t.Errorf("still up after %v", report.HaltDuration)
			}
			t.Logf("boot %v, halt %v", report.Duration, report.HaltDuration)
			t.Logf("%q", report.Console)
			t.Logf("%q", report.HaltConsole)
		})
	}
}
