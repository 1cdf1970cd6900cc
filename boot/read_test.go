package boot

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/boot/rootfs/rootfstest"
)

func header(name, start, stop string) string {
	return fmt.Sprintf("#!/bin/sh\n### BEGIN INIT INFO\n# Provides: %s\n# Default-Start: %s\n# Default-Stop: %s\n### END INIT INFO\n", name, start, stop)
}

// script is the line of a script for rootfstest.
func script(name, start, stop string) string {
	return fmt.Sprintf("file %q 0755 %q", "etc/init.d/"+name, header(name, start, stop))
}

// read builds a guest and reads it.
func read(t testing.TB, lines ...string) (*Configuration, error) {
	t.Helper()
	root, err := rootfs.Open(rootfstest.New(t, lines...))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	return Read(root)
}

func mustRead(t testing.TB, lines ...string) *Configuration {
	t.Helper()
	c, err := read(t, lines...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNotGuest(t *testing.T) {
	for name, lines := range map[string][]string{
		"empty":            nil,
		"no init.d":        {"file etc/debian_version 0644 6.0"},
		"empty init.d":     {"dir etc/init.d"},
		"nothing to run":   {"file etc/init.d/README", "file etc/init.d/rc 0755 x", "file etc/init.d/cron.dpkg-old", "file etc/init.d/.depend.boot"},
		"a file":           {"file etc/init.d 0644 x"},
		"a symlink":        {"file lib/init.d/cron 0755 x", "link etc/init.d ../lib/init.d"},
		"only directories": {"dir etc/init.d/cron"},
	} {
		if _, err := read(t, lines...); !errors.Is(err, ErrNotGuest) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

func TestEnabled(t *testing.T) {
	for _, test := range []struct {
		name    string
		lines   []string
		enabled bool
	}{
		{"started", []string{script("x", "2", "0"), "link etc/rc2.d/S20x ../init.d/x"}, true},
		{"started, without header", []string{"file etc/init.d/x 0755 x", "link etc/rc2.d/S20x ../init.d/x"}, true},
		{"started against its header", []string{script("x", "", "0"), "link etc/rc2.d/S20x ../init.d/x"}, true},
		{"no links", []string{script("x", "2", "0")}, false},
		{"disabled by update-rc.d", []string{script("x", "2", "0"), "link etc/rc2.d/K80x ../init.d/x", "link etc/rc0.d/K20x ../init.d/x"}, false},
		{"stopped only, as it asks", []string{script("x", "", "0 6"), "link etc/rc0.d/K20x ../init.d/x"}, true},
		{"stopped only, without header", []string{"file etc/init.d/x 0755 x", "link etc/rc0.d/K20x ../init.d/x"}, false},
		{"parked", []string{script("x", "2", ""), "link etc-before-lxc/rc2.d/S20x ../init.d/x"}, false},
		{"lower case", []string{script("x", "2", ""), "link etc/rc2.d/s20x ../init.d/x"}, false},
		{"one digit", []string{script("x", "2", ""), "link etc/rc2.d/S2x ../init.d/x"}, false},
		{"another runlevel directory", []string{script("x", "2", ""), "link etc/rc7.d/S20x ../init.d/x"}, false},
		{"a copy in place of a link", []string{script("x", "2", ""), "file etc/rc2.d/S20x 0755 copy"}, true},
		{"not executable", []string{"file etc/init.d/x 0644 " + header("x", "2", ""), "link etc/rc2.d/S20x ../init.d/x"}, true},
		{"symlink to another script", []string{script("y", "2", ""), "link etc/init.d/x y", "link etc/rc2.d/S20x ../init.d/x"}, true},
		{"symlink, stopped only as the header at its end asks", []string{"file lib/y 0755 " + header("x", "", "0"), "link etc/init.d/x /lib/y", "link etc/rc0.d/K20x ../init.d/x"}, true},
	} {
		c := mustRead(t, append(test.lines, script("another", "2", ""))...)
		got := c.Script("x")
		if got.Name != "x" {
			t.Errorf("%s: no script x", test.name)
		}
		if got.Enabled != test.enabled {
			t.Errorf("%s: got enabled %t, want %t", test.name, got.Enabled, test.enabled)
		}
	}
}

// TestNames lists what counts as a script, and links without one.
func TestNames(t *testing.T) {
	c := mustRead(t,
		script("cron", "2", ""), script("hostname.sh", "S", ""), script("README", "2", ""), script("skeleton", "2", ""),
		script("rc", "2", ""), script("rcS", "2", ""), script("x.dpkg-dist", "2", ""), script("x.ucf-old", "2", ""), script(".hidden", "2", ""),
		script("x~", "2", ""), script("a\nb", "2", ""), script("a b", "2", ""), script("m\xfcll", "2", ""),
		"dir etc/init.d/dir", "link etc/init.d/dangling nowhere", "link etc/init.d/loop loop", "fifo etc/init.d/fifo",
		"file etc/init.d/plain 0644 text",
		`link "etc/rc2.d/S20a\nb" "../init.d/a\nb"`, "link etc/rc2.d/S10gone ../init.d/gone", "link etc/rcS.d/K05hostname.sh ../init.d/hostname.sh",
		"file etc/rc2.d/README", "dir etc/rc2.d/S30dir",
	)
	var names []string
	for _, script := range c.Scripts {
		names = append(names, script.Name)
	}
	if diff := cmp.Diff([]string{"a\nb", "a b", "cron", "hostname.sh", "m\xfcll", "plain"}, names); diff != "" {
		t.Errorf("scripts (-want +got):\n%s", diff)
	}
	var links []string
	for _, link := range c.Links {
		links = append(links, link.Path())
	}
	slices.Sort(links)
	if diff := cmp.Diff([]string{"/etc/rc2.d/S10gone", "/etc/rc2.d/S20a\nb", "/etc/rc2.d/S30dir", "/etc/rcS.d/K05hostname.sh"}, links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	if script := c.Script("a\nb"); !script.Enabled || len(script.Links) != 1 {
		t.Errorf("a script with a newline in its name: %+v", script)
	}
	for _, name := range []string{"rc", "gone", "", "no such"} {
		if got := c.Script(name); got.Name != "" {
			t.Errorf("%q is a script: %+v", name, got)
		}
	}
}

// TestOverride has headers in up to three places: which is in force depends on
// the release.
func TestOverride(t *testing.T) {
	places := map[rune]string{
		's': "etc/init.d/x", 'v': "usr/share/insserv/overrides/x", 'l': "etc/insserv/overrides/x",
	}
	sources := map[rune]lsb.Source{'s': lsb.FromScript, 'v': lsb.FromVendor, 'l': lsb.FromLocal, '-': lsb.FromNowhere}
	for version, order := range map[string]string{"5.0.10": "lsv", "6.0.10": "lsv", "9.13": "lsv", "10.13": "lvs", "12.5": "lvs", "trixie/sid": "lvs", "": "lvs"} {
		for _, there := range []string{"", "s", "v", "l", "sv", "sl", "vl", "svl"} {
			lines := []string{"file etc/debian_version 0644 " + version, script("another", "2", "")}
			if !strings.Contains(there, "s") {
				lines = append(lines, "file etc/init.d/x 0755 none")
			}
			for _, place := range there {
				lines = append(lines, fmt.Sprintf("file %s 0755 %q", places[place], header(string(place), "2", "")))
			}
			want, provides := '-', ""
			for _, place := range order {
				if strings.ContainsRune(there, place) {
					want, provides = place, string(place)
					break
				}
			}
			c := mustRead(t, lines...)
			got := c.Script("x")
			if got.Source != sources[want] || strings.Join(got.Header.Provides.Names(), " ") != provides {
				t.Errorf("release %q, headers in %q: got the one of %s, want %s", version, there, got.Source, sources[want])
			}
			if path := c.HeaderPath("x"); want != '-' && path != "/"+places[want] {
				t.Errorf("release %q, headers in %q: got path %s", version, there, path)
			}
			if text := string(c.HeaderText("x")); want != '-' && text != header(provides, "2", "") {
				t.Errorf("release %q, headers in %q: got text %q", version, there, text)
			}
		}
	}
}

// TestOverrideOfSymlink is looked up by the name of the file at the end.
func TestOverrideOfSymlink(t *testing.T) {
	c := mustRead(t, "link etc/init.d/x ../../lib/real", "file lib/real 0755 "+header("script", "2", ""),
		"file etc/insserv/overrides/x 0644 "+header("wrong", "2", ""), "file etc/insserv/overrides/real 0644 "+header("right", "2", ""))
	if got := c.Script("x").Header.Provides.Names(); !slices.Equal(got, []string{"right"}) {
		t.Errorf("got %q", got)
	}
	if got := c.Override("x"); got != "/etc/insserv/overrides/real" {
		t.Errorf("got %s", got)
	}
}

// TestStrangeHeaders are read without an error.
func TestStrangeHeaders(t *testing.T) {
	for content, found := range map[string]bool{
		"":                                       false,
		"### BEGIN INIT INFO\n# Provides: x\n":   false,
		header("x", "2", ""):                     true,
		header("m\xfcller", "2", ""):             true,
		"\x00\xff\n" + header("x", "2", ""):      true,
		strings.Repeat("# \xff\n", 10_000) + "x": false,
	} {
		c := mustRead(t, fmt.Sprintf("file etc/init.d/x 0755 %q", content))
		if got := c.Script("x").Header.Found(); got != found {
			t.Errorf("%.40q: got %t, want %t", content, got, found)
		}
	}
}

// TestLeftOut has paths that cannot be read: each is named in a warning.
func TestLeftOut(t *testing.T) {
	for _, test := range []struct{ line, path string }{
		{"sparse etc/init.d/huge 2000000", "/etc/init.d/huge"},
		{`sparse "etc/init.d/hu\nge" 2000000`, `"/etc/init.d/hu\nge"`},
		{"sparse etc/inittab 2000000", "/etc/inittab"},
		{"file etc/rc2.d 0644 x", "/etc/rc2.d"},
		{"link etc/insserv/overrides /usr", "/etc/insserv/overrides"},
	} {
		c := mustRead(t, script("cron", "2", ""), test.line)
		if len(c.Warnings) != 1 || !strings.HasPrefix(c.Warnings[0], test.path+" is left out: ") {
			t.Errorf("%s: warnings %q", test.line, c.Warnings)
		}
		if len(c.Scripts) != 1 {
			t.Errorf("%s: %d scripts", test.line, len(c.Scripts))
		}
	}
}

func TestOrder(t *testing.T) {
	c := mustRead(t, script("a", "2", ""), script("b", "2", ""),
		"link etc/rc2.d/S20b ../init.d/b", "link etc/rc2.d/S20a ../init.d/a", "link etc/rc2.d/S03c ../init.d/c",
		"link etc/rc2.d/K01d ../init.d/d", "link etc/rc0.d/K20b ../init.d/b", "link etc/rc0.d/K10a ../init.d/a", "link etc/rc0.d/S90halt ../init.d/halt")
	want := map[lsb.Runlevel][]string{'2': {"c", "a", "b"}, '0': {"a", "b", "halt"}}
	if diff := cmp.Diff(want, c.Order()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestClone changes a clone and leaves the original as it was.
func TestClone(t *testing.T) {
	tree := mustRead(t, script("a", "2", ""), "link etc/rc2.d/S20a ../init.d/a").Tree
	before := tree.Clone()
	clone := tree.Clone()
	clone.Remove("/etc/rc2.d/S20a")
	clone.Put("/etc/rc3.d/S20a", Node{Entry: rootfs.Entry{Type: rootfs.Symlink}})
	clone.Write("/etc/init.d/a", []byte("other"))
	if diff := cmp.Diff(before, tree, cmpopts.IgnoreUnexported(Tree{})); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	if got := string(clone.Nodes["/etc/init.d/a"].Content); got != "other" {
		t.Errorf("the clone holds %q", got)
	}
}

func BenchmarkRead(b *testing.B) {
	for _, n := range []int{150, 3000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			lines := []string{"file etc/debian_version 0644 6.0.10"}
			for i := range n {
				name := fmt.Sprintf("service%d", i)
				lines = append(lines, script(name, "2 3", "0"), "link etc/rc0.d/K01"+name+" ../init.d/"+name)
				for _, level := range "23" {
					lines = append(lines, fmt.Sprintf("link etc/rc%c.d/S20%s ../init.d/%s", level, name, name))
				}
			}
			root, err := rootfs.Open(rootfstest.New(b, lines...))
			if err != nil {
				b.Fatal(err)
			}
			defer root.Close()
			b.ReportAllocs()
			for b.Loop() {
				if c, err := Read(root); err != nil || len(c.Scripts) != n {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestMtab: what is mounted at the moment is no part of a guest's boot.
func TestMtab(t *testing.T) {
	c := mustRead(t, script("cron", "2", ""), "file proc/self/mounts 0444 x", "link etc/mtab ../proc/self/mounts")
	if node := c.Tree.Nodes["/etc/mtab"]; node.Target != "../proc/self/mounts" {
		t.Errorf("got %+v", node)
	}
	if _, followed := c.Tree.Through["/etc/mtab"]; followed {
		t.Error("the symlink was followed")
	}
}
