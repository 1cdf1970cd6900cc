package edit_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/boot/edit"
)

// stock is what Debian installs, without its comments, with a serial line of a
// real machine.
const stock = `id:2:initdefault:
~~:S:wait:/sbin/sulogin --force
ca:12345:ctrlaltdel:/sbin/shutdown -t1 -a -r now
pf::powerwait:/etc/init.d/powerfail start
pn::powerfailnow:/etc/init.d/powerfail now
po::powerokwait:/etc/init.d/powerfail stop
# a comment
1:2345:respawn:/sbin/getty --noclear 38400 tty1
4:23:respawn:/sbin/getty 38400 tty4
5:23:respawn:/sbin/getty 38400 tty5
T0:23:respawn:/sbin/getty -L ttyS0 9600 vt100
SV:123456:respawn:/command/svscanboot
`

func all(text string) string {
	content := []byte(text)
	for _, name := range []string{"inittab-gettys", "inittab-serial", "inittab-power", "inittab-ctrlaltdel", "inittab-console"} {
		content, _ = edit.Apply(name, content, edit.Options{TTYs: 4})
	}
	return string(content)
}

func TestInittab(t *testing.T) {
	want := `id:2:initdefault:
~~:S:wait:/sbin/sulogin --force
ca:12345:ctrlaltdel:/sbin/shutdown -t1 -a -r now
#bootledger: pf::powerwait:/etc/init.d/powerfail start
#bootledger: pn::powerfailnow:/etc/init.d/powerfail now
#bootledger: po::powerokwait:/etc/init.d/powerfail stop
#bootledger: added
p0::powerfail:/sbin/init 0
# a comment
#bootledger: added
c0:2345:respawn:/sbin/getty 38400 console
1:2345:respawn:/sbin/getty --noclear 38400 tty1
4:23:respawn:/sbin/getty 38400 tty4
#bootledger: 5:23:respawn:/sbin/getty 38400 tty5
#bootledger: T0:23:respawn:/sbin/getty -L ttyS0 9600 vt100
SV:123456:respawn:/command/svscanboot
`
	got := all(stock)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff(want, all(got)); diff != "" {
		t.Errorf("made twice: -want +got\n%s", diff)
	}
}

func TestRules(t *testing.T) {
	for _, test := range []struct{ rule, line, want string }{
		{"inittab-gettys", "5:23:respawn:/sbin/getty 38400 tty5", "#bootledger: 5:23:respawn:/sbin/getty 38400 tty5"},
		{"inittab-gettys", "5:23:respawn:/sbin/agetty -L /dev/tty9 38400\r\n", "#bootledger: 5:23:respawn:/sbin/agetty -L /dev/tty9 38400\r\n"},
		{"inittab-gettys", "5:23:off:/sbin/getty 38400 tty5\n", ""},
		{"inittab-gettys", "#5:23:respawn:/sbin/getty 38400 tty5\n", ""},
		{"inittab-gettys", "8:23:respawn:/usr/bin/openvt tty8\n", ""},
		{"inittab-serial", "v0:23:respawn:exec /sbin/agetty hvc0\n", "#bootledger: v0:23:respawn:exec /sbin/agetty hvc0\n"},
		{"inittab-serial", "S:23:respawn:/sbin/getty ttySnake\n", ""},
		{"inittab-power", "pf::powerwait:/sbin/shutdown -h now\n", ""},
		{"inittab-power", "pf::powerfail:/sbin/init 0\n", ""},
		{"inittab-power", "pf::powerwait:/usr/sbin/ups low\n", "pf::powerwait:/usr/sbin/ups low\n#bootledger: added\np0::powerfail:/sbin/init 0\n"},
		{"inittab-power", "p0:2:wait:x", "p0:2:wait:x\n#bootledger: added\np1::powerfail:/sbin/init 0\n"},
		{"inittab-ctrlaltdel", "x:2:wait:x\n", "x:2:wait:x\n#bootledger: added\nq0::ctrlaltdel:/sbin/init 6\n"},
		{"inittab-console", "co:2345:respawn:/sbin/getty 38400 console\n", ""},
		{"fstab-devices", "UUID=5c1a / ext4 errors=remount-ro 0 1\n", "#bootledger: UUID=5c1a / ext4 errors=remount-ro 0 1\n"},
		{"fstab-devices", "  /dev/sda5 none swap sw", "#bootledger:   /dev/sda5 none swap sw"},
		{"fstab-devices", "/var/swap none swap sw 0 0\n", "#bootledger: /var/swap none swap sw 0 0\n"},
		{"fstab-devices", "LABEL=\"my disk\" /srv xfs\n", "#bootledger: LABEL=\"my disk\" /srv xfs\n"},
		{"fstab-devices", "/dev/mapper/vg-x /x ext4 noauto 0 0\n", "#bootledger: /dev/mapper/vg-x /x ext4 noauto 0 0\n"},
		{"fstab-devices", "#/dev/sda1 / ext4\n", ""},
		{"fstab-devices", "/dev/shm /srv/shm none bind\n", ""},
		{"fstab-devices", "/home /srv/home none rw,bind 0 0\n", ""},
		{"fstab-devices", "proc /proc proc defaults 0 0\ntmpfs /tmp tmpfs size=1g\n", ""},
		{"fstab-devices", "server:/export /mnt nfs rw\n//server/x /y cifs user=a\n", ""},
		{"fstab-devices", "/dev/sda1\n", ""},
		{"unheard-of", "x\n", ""},
	} {
		if test.want == "" {
			test.want = test.line
		}
		got, lines := edit.Apply(test.rule, []byte(test.line), edit.Options{TTYs: 4})
		if string(got) != test.want || (len(lines) > 0) != (test.want != test.line) {
			t.Errorf("%s of %q: got %q with %d edits, want %q", test.rule, test.line, got, len(lines), test.want)
		}
	}
}

// FuzzFstab: lines that go are there as comments, the rest is as it was, and a
// second time there is nothing to do.
func FuzzFstab(f *testing.F) {
	f.Add("UUID=5c1a / ext4 errors=remount-ro 0 1\n/dev/sda5 none swap sw\nproc /proc proc\n# x\n")
	f.Fuzz(func(t *testing.T, text string) {
		once, lines := edit.Apply("fstab-devices", []byte(text), edit.Options{})
		if _, again := edit.Apply("fstab-devices", once, edit.Options{}); len(again) > 0 {
			t.Fatalf("a second time: %v", again)
		}
		if got := strings.Count(string(once), edit.Marker) - strings.Count(text, edit.Marker); got != len(lines) {
			t.Fatalf("%d markers came, %d lines went", got, len(lines))
		}
		if !strings.Contains(text, edit.Marker) && strings.ReplaceAll(string(once), edit.Marker, "") != text {
			t.Fatalf("got %q of %q", once, text)
		}
	})
}

// FuzzInittab: what an edit takes out is there as a comment, the rest as it was,
// and a second time there is nothing to do.
func FuzzInittab(f *testing.F) {
	f.Add(stock)
	f.Add("p0:2:wait:x")
	f.Fuzz(func(t *testing.T, text string) {
		once := all(text)
		if twice := all(once); twice != once {
			t.Fatalf("made twice: %q, then %q", once, twice)
		}
		if strings.Contains(text, edit.Marker) {
			return
		}
		var back bytes.Buffer
		note := false
		for line := range strings.Lines(once) {
			switch {
			case note:
				note = false
			case line == edit.Marker+"added\n":
				note = true
			default:
				back.WriteString(strings.TrimPrefix(line, edit.Marker))
			}
		}
		if got := strings.TrimSuffix(back.String(), "\n"); got != strings.TrimSuffix(text, "\n") {
			t.Fatalf("got back %q, want %q", got, text)
		}
	})
}
