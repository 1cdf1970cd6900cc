package bench

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/bootledger/bootledger/integration/guesttest"
)

// disabled are the scripts that a conversion of the guest disables.
var disabled = []string{
	"bootlogs", "brightness", "checkfs.sh", "checkroot.sh", "console-setup.sh", "hwclock.sh", "keyboard-setup.sh", "kmod",
	"lm-sensors", "mdadm", "mdadm-waitidle", "mount-configfs", "udev", "umountfs", "umountroot",
}

func nothing() {}

// BenchmarkPlan compares a whole plan with insserv's own dry run.
func BenchmarkPlan(b *testing.B) {
	root := guest(b)
	pair(b, nothing,
		func() { run(b, 0, root, "bootledger", "plan") },
		func() { run(b, 0, root, "insserv", "-n") },
	)
}

// BenchmarkConvert compares a conversion, recorded and on disk, with the call of
// insserv that leaves no trace.
func BenchmarkConvert(b *testing.B) {
	root := guest(b)
	forget := filepath.Join(root, "var/lib/bootledger")
	insserv := append([]string{"insserv", "-f"}, disabled...)
	remove := append([]string{"insserv", "-f", "-r"}, disabled...)
	pair(b,
		func() {
			if err := os.RemoveAll(forget); err != nil {
				b.Fatal(err)
			}
			run(b, 0, root, insserv...)
		},
		func() { run(b, 0, root, "bootledger", "convert", "--engine=native") },
		func() { run(b, 0, root, remove...) },
	)
}

// BenchmarkRecord compares a recorded change with the same by way of insserv and
// a commit of all of /etc.
func BenchmarkRecord(b *testing.B) {
	guesttest.Need(b, "etckeeper")
	root := guest(b)
	etckeeper := etckeeperIn(b, root)
	etckeeper("init")
	etckeeper("commit", "as installed")
	pair(b,
		func() {
			run(b, 0, root, "bootledger", "enable", "udev", "kmod", "--engine=native")
			if etckeeper("unclean") {
				etckeeper("commit", "udev and kmod are back")
			}
		},
		func() { run(b, 0, root, "bootledger", "disable", "udev", "kmod", "--engine=native") },
		func() {
			run(b, 0, root, "insserv", "-f", "-r", "udev", "kmod")
			etckeeper("commit", "udev and kmod are gone")
		},
	)
}

// BenchmarkStatus compares telling what an upgrade brought back with etckeeper's
// list of files that differ, which a person has to read.
func BenchmarkStatus(b *testing.B) {
	guesttest.Need(b, "etckeeper")
	root := guest(b)
	etckeeper := etckeeperIn(b, root)
	run(b, 0, root, "bootledger", "convert", "--engine=native")
	etckeeper("init")
	etckeeper("commit", "converted")
	run(b, 0, root, "insserv", "-f", "udev", "kmod")
	pair(b, nothing,
		func() { run(b, 3, root, "bootledger", "status") },
		func() { etckeeper("vcs", "status", "--short") },
	)
}

// BenchmarkLinks compares moving links, under the method for guests with links
// in fixed order, with the loop that a shell would run.
func BenchmarkLinks(b *testing.B) {
	root := guest(b)
	const loop = `cd /etc && for level in S 0 1 2 3 4 5 6; do
	mkdir -p /etc-before-lxc/rc$level.d
	for name in "$@"; do
		for link in rc$level.d/[SK][0-9][0-9]"$name"; do
			if [ -L "$link" ]; then mv "$link" /etc-before-lxc/rc$level.d/; fi
		done
	done
done`
	const back = `rm -rf /var/lib/bootledger; cd /etc-before-lxc 2>/dev/null || exit 0
for link in rc?.d/*; do [ -L "$link" ] && mv "$link" "/etc/$link"; done
rm -rf /etc-before-lxc`
	pair(b,
		func() { run(b, 0, root, "sh", "-c", back) },
		func() { run(b, 0, root, "bootledger", "convert", "--method=links") },
		func() { run(b, 0, root, append([]string{"sh", "-c", loop, "loop"}, disabled...)...) },
	)
}
