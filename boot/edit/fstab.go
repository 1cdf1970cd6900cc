package edit

import (
	"slices"
	"strings"
)

// Fstab says what is mounted at boot (fstab(5)).
const Fstab = "/etc/fstab"

// mountLine is a line of fstab, as far as it matters here.
type mountLine struct {
	source, kind string
	options      []string
}

// parseMount reads a line; one that mount would not take for an entry gives
// false.
func parseMount(line []byte) (mountLine, bool) {
	fields := strings.Fields(string(line))
	if len(fields) < 3 || strings.HasPrefix(fields[0], "#") {
		return mountLine{}, false
	}
	m := mountLine{source: fields[0], kind: fields[2]}
	if len(fields) > 3 {
		m.options = strings.Split(fields[3], ",")
	}
	return m, true
}

// device reports whether the line needs a disk or swap space of its own. Bind
// mounts, network file systems and those of the kernel do not.
func (m mountLine) device() bool {
	if slices.Contains(m.options, "bind") || slices.Contains(m.options, "rbind") {
		return false
	}
	tag, _, tagged := strings.Cut(m.source, "=")
	return m.kind == "swap" || strings.HasPrefix(m.source, "/dev/") ||
		tagged && slices.Contains([]string{"UUID", "LABEL", "PARTUUID", "PARTLABEL", "ID"}, tag)
}

// takeOutDevices takes out what would be mounted from disks. The root is among
// them: LXC has mounted it.
func takeOutDevices(t *text, _ Options) {
	for i, line := range t.lines {
		if m, ok := parseMount(line); ok && m.device() {
			t.takeOut(i)
		}
	}
}
