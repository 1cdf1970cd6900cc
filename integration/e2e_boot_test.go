package integration_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bootledger/bootledger/integration/guesttest"
)

// A guest without conversion boots in 490 ms here and a converted one in 330,
// give or take 30. On a busy machine single boots take up to twice as long: what
// counts is the fastest of some, and there are more when that does not tell.
const leastBoots, mostBoots = 3, 9

// TestConvertedGuestBoots boots guests of the same build with and without
// conversion, in turns.
func TestConvertedGuestBoots(t *testing.T) {
	eachRelease(t, func(t *testing.T, release string) {
		plain, converted, required := &series{}, &series{}, &series{}
		for n := 0; n < leastBoots || n < mostBoots && converted.best() >= plain.best(); n++ {
			plain.boot(t, build(t, release))

			g := build(t, release)
			g.inside(0, "convert")
			converted.boot(t, g)
		}
		g := build(t, release)
		g.inside(0, "convert", "--level=required")
		required.boot(t, g)

		for name, s := range map[string]*series{"unconverted": plain, "level required": required, "level advised": converted} {
			t.Logf("%s: boots %v, halt %v at best; %d failures in the boot: %q; %d in the halt: %q", name,
				s.durations(), s.bestHalt(), len(s.failures()), s.failures(), len(s.haltFailures()), s.haltFailures())
		}
		for _, s := range []*series{required, converted} {
			for _, report := range s.reports {
				if line := added(plain.seen(), report.Failures); line != "" {
					t.Errorf("only the converted guest prints %q:\n%s", line, strings.Join(report.Console, "\n"))
				}
				if line := added(plain.seenHalting(), report.HaltFailures); line != "" {
					t.Errorf("only the converted guest prints %q on its way down:\n%s", line, strings.Join(report.HaltConsole, "\n"))
				}
			}
		}
		if got, before := len(converted.failures()), len(plain.failures()); got >= before {
			t.Errorf("%d lines of failures, %d without conversion", got, before)
		}
		if converted.best() >= plain.best() {
			t.Errorf("boots in %v, without conversion in %v", converted.best(), plain.best())
		}
	})
}

// series is what several boots of the same kind of guest gave.
type series struct{ reports []guesttest.BootReport }

// boot boots a guest that has to come up and go down in good order.
func (s *series) boot(t *testing.T, g guest) {
	t.Helper()
	report := guesttest.Boot(t, g.root, nil)
	s.reports = append(s.reports, report)
	if !report.Complete || report.Runlevel != "2" || !report.Halted {
		t.Errorf("complete %t, runlevel %q, halted %t", report.Complete, report.Runlevel, report.Halted)
	}
	for _, daemon := range []string{"cron", "rsyslogd", "sshd"} {
		if !slices.Contains(report.Processes, daemon) {
			t.Errorf("no %s among %q", daemon, report.Processes)
		}
	}
	// halt ends the guest at once: what stops services has to come before.
	down := strings.Join(report.HaltConsole, "\n")
	signals, halt := strings.Index(down, "Asking all remaining processes to terminate"), strings.Index(down, "Will now halt")
	if syslog := strings.Index(down, "Stopping enhanced syslogd"); signals < 0 || syslog < signals || halt < syslog {
		t.Errorf("not stopped in order:\n%s", down)
	}
}

// durations gives how long each boot took, the fastest first.
func (s *series) durations() []time.Duration {
	var all []time.Duration
	for _, report := range s.reports {
		all = append(all, report.Duration.Round(time.Millisecond))
	}
	slices.Sort(all)
	return all
}

func (s *series) best() time.Duration { return s.durations()[0] }

func (s *series) bestHalt() time.Duration {
	return slices.MinFunc(s.reports, func(a, b guesttest.BootReport) int {
		return int(a.HaltDuration - b.HaltDuration)
	}).HaltDuration.Round(time.Millisecond)
}

// failures gives the failures of the boot that had most of them.
func (s *series) failures() []string {
	return slices.MaxFunc(s.reports, func(a, b guesttest.BootReport) int { return len(a.Failures) - len(b.Failures) }).Failures
}

// seen gives the failures of all boots.
func (s *series) seen() []string {
	var all []string
	for _, report := range s.reports {
		all = append(all, report.Failures...)
	}
	return all
}

func (s *series) seenHalting() []string {
	var all []string
	for _, report := range s.reports {
		all = append(all, report.HaltFailures...)
	}
	return all
}

func (s *series) haltFailures() []string {
	return slices.MaxFunc(s.reports, func(a, b guesttest.BootReport) int { return len(a.HaltFailures) - len(b.HaltFailures) }).HaltFailures
}

var number = regexp.MustCompile(`[0-9]+`)

// added gives a line that is not among those known, empty if there is none.
// Numbers of processes do not count, and since scripts run side by side, what
// one prints may begin behind what another did, or lack its end.
func added(known, lines []string) string {
	plain := func(line string) string { return strings.TrimRight(number.ReplaceAllString(line, "N"), ".! ") }
	for _, line := range lines {
		if !slices.ContainsFunc(known, func(k string) bool {
			one, other := plain(line), plain(k)
			return strings.HasSuffix(other, one) || strings.Count(other, " ") > 1 && strings.HasSuffix(one, other)
		}) {
			return line
		}
	}
	return ""
}

// TestMachineBecomesGuest boots the image of a physical machine, whose fstab
// names disks that are not there.
func TestMachineBecomesGuest(t *testing.T) {
	eachRelease(t, func(t *testing.T, release string) {
		g := install(guest{t, guesttest.BuildMachine(t, release)})
		machine := guesttest.Boot(t, g.root, nil)
		if machine.Complete || !slices.Contains(machine.Processes, "sulogin") {
			t.Errorf("the machine boots in LXC without conversion: %q", machine.Console)
		}
		for _, level := range []string{"required", "advised"} {
			g := install(guest{t, guesttest.BuildMachine(t, release)})
			g.inside(0, "convert", "--level="+level)
			s := &series{}
			s.boot(t, g)
			t.Logf("%s: boot %v; failures: %q", level, s.best(), s.failures())
		}
	})
}
