package edit

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Inittab says what sysvinit runs (inittab(5)).
const Inittab = "/etc/inittab"

// entry is a line of inittab: id:runlevels:action:process.
type entry struct{ id, runlevels, action, process string }

// parseEntry reads a line; one that init would not take for an entry gives
// false.
func parseEntry(line []byte) (entry, bool) {
	fields := strings.SplitN(strings.TrimSpace(string(line)), ":", 4)
	if len(fields) < 4 || fields[0] == "" || strings.HasPrefix(fields[0], "#") || strings.HasSuffix(fields[3], `\`) {
		return entry{}, false
	}
	return entry{fields[0], fields[1], fields[2], fields[3]}, true
}

// program gives the base name of what the entry runs, and its arguments.
func (e entry) program() (name string, args []string) {
	words := strings.Fields(strings.TrimPrefix(e.process, "+")) // +: without a record in utmp
	if len(words) > 0 && words[0] == "exec" {
		words = words[1:]
	}
	if len(words) == 0 {
		return "", nil
	}
	return path.Base(words[0]), words[1:]
}

// gettys are the programs that offer a login on a terminal.
var gettys = []string{"getty", "agetty", "mgetty", "mingetty", "fgetty", "rungetty"}

// terminal gives the terminal on which the entry keeps a getty, empty if it does
// no such thing.
func (e entry) terminal() string {
	name, args := e.program()
	if e.action != "respawn" || !slices.Contains(gettys, name) {
		return ""
	}
	for _, arg := range args {
		arg = strings.TrimPrefix(arg, "/dev/")
		if arg == "console" || virtual(arg) > 0 || serial(arg) {
			return arg
		}
	}
	return ""
}

// virtual gives N of ttyN, 0 for any other terminal.
func virtual(terminal string) int {
	n, err := strconv.ParseUint(strings.TrimPrefix(terminal, "tty"), 10, 16)
	if err != nil || !strings.HasPrefix(terminal, "tty") {
		return 0
	}
	return int(n)
}

// serial tells the terminals of serial lines and hypervisors.
func serial(terminal string) bool {
	for _, prefix := range []string{"ttyS", "ttyAMA", "ttyUSB", "ttyACM", "hvc", "xvc"} {
		if number, found := strings.CutPrefix(terminal, prefix); found {
			_, err := strconv.ParseUint(number, 10, 16)
			return err == nil
		}
	}
	return false
}

// halts reports whether the entry brings the system down.
func (e entry) halts() bool {
	switch name, args := e.program(); name {
	case "halt", "poweroff":
		return true
	case "init", "telinit":
		return slices.Contains(args, "0")
	case "shutdown":
		return slices.ContainsFunc(args, func(arg string) bool {
			return strings.HasPrefix(arg, "-") && strings.ContainsAny(arg, "hHP")
		})
	default:
		return false
	}
}

func takeOutGettys(t *text, o Options) {
	for i, line := range t.lines {
		if e, ok := parseEntry(line); ok && virtual(e.terminal()) > o.TTYs {
			t.takeOut(i)
		}
	}
}

func takeOutSerial(t *text, _ Options) {
	for i, line := range t.lines {
		if e, ok := parseEntry(line); ok && serial(e.terminal()) {
			t.takeOut(i)
		}
	}
}

// powerfail is what Debian's inittab has init run when the power fails. No
// package has it.
const powerfail = "/etc/init.d/powerfail"

// haltOnPower has SIGPWR, which lxc-stop sends, bring the guest down: init takes
// it for a power failure.
func haltOnPower(t *text, _ Options) {
	at, halts := len(t.lines), false
	for i, line := range t.lines {
		e, ok := parseEntry(line)
		if !ok || !strings.HasPrefix(e.action, "power") {
			continue
		}
		if words := strings.Fields(e.process); len(words) > 0 && words[0] == powerfail {
			t.takeOut(i)
			at = i + 1
		} else if e.action == "powerfail" || e.action == "powerwait" {
			halts = halts || e.halts()
		}
	}
	if !halts {
		t.add(at, t.freeID("p")+"::powerfail:/sbin/init 0")
	}
}

// rebootOnCtrlAltDel has SIGINT, which lxc-stop --reboot sends, restart the
// guest.
func rebootOnCtrlAltDel(t *text, _ Options) {
	for _, line := range t.lines {
		if e, ok := parseEntry(line); ok && e.action == "ctrlaltdel" {
			return
		}
	}
	t.add(len(t.lines), t.freeID("q")+"::ctrlaltdel:/sbin/init 6")
}

// addConsole offers a login where lxc-start in the foreground shows it.
func addConsole(t *text, _ Options) {
	at := len(t.lines)
	for i, line := range t.lines {
		e, ok := parseEntry(line)
		if !ok {
			continue
		}
		if e.terminal() == "console" {
			return
		}
		if e.terminal() != "" && at == len(t.lines) {
			at = i
		}
	}
	t.add(at, t.freeID("c")+":2345:respawn:/sbin/getty 38400 console")
}

// freeID gives an id that no entry has: the letter and a number.
func (t *text) freeID(letter string) string {
	taken := map[string]bool{}
	for _, line := range t.lines {
		for part := range strings.Lines(string(line)) { // an addition is several lines in one
			if e, ok := parseEntry([]byte(part)); ok {
				taken[e.id] = true
			}
		}
	}
	n := 0
	for taken[fmt.Sprintf("%s%d", letter, n)] {
		n++
	}
	return fmt.Sprintf("%s%d", letter, n)
}
