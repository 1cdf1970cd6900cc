package insserv

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/integration/guesttest"
)

// TestReadBack alters a scratch copy in all ways that its owner can.
func TestReadBack(t *testing.T) {
	guesttest.Need(t)
	before := sampleTree(t)
	for _, test := range []struct {
		name  string
		alter func() error
		want  string // of the error; empty for none
	}{
		{"not at all", func() error { return nil }, ""},
		{"a link less", func() error { return os.Remove("etc/rc2.d/S19rsyslog") }, ""},
		{"a link renumbered", func() error { return os.Rename("etc/rc2.d/S19rsyslog", "etc/rc2.d/S07rsyslog") }, ""},
		{"a link to the host", func() error { return os.Symlink("/etc/passwd", "etc/rc2.d/S01passwd") }, "no link to a script"},
		{"a link to another script", func() error { return os.Symlink("../init.d/udev", "etc/rc2.d/S01cron2") }, "no link to a script"},
		{"a link with another target", func() error {
			return errors.Join(os.Remove("etc/rc2.d/S19rsyslog"), os.Symlink("/bin/sh", "etc/rc2.d/S19rsyslog"))
		}, "it changed /etc/rc2.d/S19rsyslog"},
		{"a link that is a directory", func() error { return os.Mkdir("etc/rc2.d/S01dir", 0o755) }, "no link to a script"},
		{"a name that is no link's", func() error { return os.Symlink("../init.d/udev", "etc/rc2.d/odd") }, "it made /etc/rc2.d/odd"},
		{"a name with an escape", func() error { return os.Mkdir("etc/init.d/\x1b[2J", 0o755) }, `it made "/etc/init.d/\x1b[2J"`},
		{".depend is a symlink", func() error {
			return errors.Join(os.Remove("etc/init.d/.depend.boot"), os.Symlink("/etc/shadow", "etc/init.d/.depend.boot"))
		}, "it changed /etc/init.d/.depend.boot"},
		{".depend is a FIFO", func() error {
			return errors.Join(os.Remove("etc/init.d/.depend.boot"), syscall.Mkfifo("etc/init.d/.depend.boot", 0o644))
		}, "it changed /etc/init.d/.depend.boot"},
		{".depend is too large", func() error { return os.Truncate("etc/init.d/.depend.stop", 1<<40) }, "it changed /etc/init.d/.depend.stop"},
		{"no .depend", func() error { return os.Remove("etc/init.d/.depend.start") }, "it changed /etc/init.d/.depend.start"},
		{"no script", func() error { return os.Remove("etc/init.d/cron") }, "it changed /etc/init.d/cron"},
		{"no init.d", func() error { return os.RemoveAll("etc/init.d") }, "not a guest"},
		{"no rc2.d", func() error { return os.RemoveAll("etc/rc2.d") }, "it changed /etc/rc2.d"},
		{"a parked link", func() error { return os.Mkdir("etc-before-lxc", 0o755) }, "it made /etc-before-lxc"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			root, err := os.OpenRoot(".")
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			s := scratch{root: root}
			if err := errors.Join(s.fill(before, program{}), test.alter()); err != nil {
				t.Fatal(err)
			}
			after, err := readBack(before)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if _, there := after.Nodes["/etc/rc2.d/S07rsyslog"]; there != strings.Contains(test.name, "renumbered") {
				t.Errorf("the renumbered link is there: %v", there)
			}
		})
	}
}

// TestTakesOver checks whose the new links and files are.
func TestTakesOver(t *testing.T) {
	engine, native := engines(t, "/")
	tree := sampleTree(t)
	for _, name := range []string{".depend.boot", ".depend.start", ".depend.stop"} {
		delete(tree.Nodes, "/etc/init.d/"+name)
	}
	delete(tree.Nodes, "/etc/rc2.d/S19rsyslog")
	got := compare(t, engine, native, tree, []string{"-d", "rsyslog"}).Tree
	for path, want := range map[string]rootfs.Entry{
		"/etc/init.d/.depend.boot": {Type: rootfs.File, Mode: 0o644},
		"/etc/rc2.d/S19rsyslog":    {Type: rootfs.Symlink, Mode: 0o777, Target: "../init.d/rsyslog"},
	} {
		entry := got.Nodes[path].Entry
		entry.SHA256, entry.Size = "", 0
		if diff := cmp.Diff(want, entry); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}
