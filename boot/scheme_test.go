package boot

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/bootledger/bootledger/boot/rootfs"
)

// files makes a tree of files by their contents; a content "-> TARGET" makes a
// symlink.
func files(contents map[string]string) Tree {
	tree := Tree{Nodes: map[string]Node{}, Names: map[string][]string{}, Through: map[string]Node{}}
	for path, content := range contents {
		node := Node{Entry: rootfs.Entry{Type: rootfs.File, Mode: 0o755, Size: int64(len(content))}, Content: []byte(content)}
		if target, isLink := strings.CutPrefix(content, "-> "); isLink {
			node = Node{Entry: rootfs.Entry{Type: rootfs.Symlink, Target: target}}
		}
		tree.Put(path, node)
	}
	return tree
}

const (
	lennyRC = `#!/bin/sh
CONCURRENCY=none
[ -f /etc/default/rcS ] && . /etc/default/rcS
case "$CONCURRENCY" in
  none) ;;
  shell|startpar) ;;
esac
`
	squeezeRC = `#!/bin/sh
# Defaults; overridden by /etc/default/rcS
CONCURRENCY=makefile
test -f /etc/default/rcS && . /etc/default/rcS
test -s /etc/init.d/.depend.boot || CONCURRENCY=none
`
	bookwormRC = `#!/bin/sh
[ -f /etc/default/rcS ] && . /etc/default/rcS
# Specify method used to enable concurrent init.d scripts.
# Valid options are 'none' and 'makefile'
CONCURRENCY=makefile
`
)

func withDepend(rc, version string) map[string]string {
	guest := map[string]string{"/etc/debian_version": version + "\n", rcScript: rc}
	for _, file := range dependFiles {
		guest[file] = "TARGETS = a\n"
	}
	return guest
}

// TestSqueeze goes through all that Squeeze's rc asks before it goes
// makefile-style.
func TestSqueeze(t *testing.T) {
	const untouched, gone, empty = "untouched", "gone", "empty"
	states := []string{untouched, gone, empty}
	for defaults, makefile := range map[string]bool{
		"":                                true,
		"UTC=yes\n":                       true,
		"# CONCURRENCY=none\n":            true,
		"CONCURRENCY=makefile\n":          true,
		"CONCURRENCY=startpar":            true,
		"CONCURRENCY='shell' # or none\n": true,
		"CONCURRENCY=none\nCONCURRENCY=makefile\n": true,
		"export CONCURRENCY=makefile;\n":           true,
		"CONCURRENCY=none\n":                       false,
		"\tCONCURRENCY=\"none\"\n":                 false,
		"CONCURRENCY=makefile\nCONCURRENCY=none\n": false,
		"CONCURRENCY=\n":                           false,
		"CONCURRENCY=none;\n":                      false,
		"export CONCURRENCY=none\n":                false,
	} {
		for _, legacy := range []bool{false, true} {
			for i := range 27 {
				guest := withDepend(squeezeRC, "6.0.10")
				if defaults != "" {
					guest[rcDefaults] = defaults
				}
				if legacy {
					guest[legacyOrdering] = ""
				}
				want := Sysv
				broken := Evidence{}
				for j, file := range dependFiles {
					switch state := states[[]int{i % 3, i / 3 % 3, i / 9}[j]]; state {
					case gone:
						delete(guest, file)
						broken = first(broken, Evidence{file, "missing"})
					case empty:
						guest[file] = ""
						broken = first(broken, Evidence{file, "empty"})
					}
				}
				last := broken
				switch {
				case legacy:
					last = Evidence{legacyOrdering, "present"}
				case !makefile:
					last.Path = rcDefaults
				case broken == Evidence{}:
					want, last = Startpar, Evidence{dependFiles[2], "present and not empty"}
				}
				c := FromTree(files(guest))
				got := c.Detection
				if got.Scheme != want {
					t.Fatalf("%q, legacy %t, .depend %d: got %s (%s), want %s", defaults, legacy, i, got.Scheme, got.Reason, want)
				}
				evidence := got.Evidence[len(got.Evidence)-1]
				if evidence.Path != last.Path || last.Path != rcDefaults && evidence != last {
					t.Errorf("%q, legacy %t, .depend %d: the last evidence is %v, want %v", defaults, legacy, i, evidence, last)
				}
				if want == Startpar && c.Method() != "override" || want == Sysv && c.Method() != "links" {
					t.Errorf("%s has method %s", want, c.Method())
				}
			}
		}
	}
}

func first(a, b Evidence) Evidence {
	if a != (Evidence{}) {
		return a
	}
	return b
}

func TestScheme(t *testing.T) {
	with := func(guest, more map[string]string) map[string]string {
		maps.Copy(guest, more)
		return guest
	}
	for _, test := range []struct {
		name   string
		guest  map[string]string
		want   Scheme
		method string
		reason string // a part of it
	}{
		{"lenny", map[string]string{"/etc/debian_version": "5.0.10", rcScript: lennyRC}, Sysv, "links", "no makefile"},
		{"lenny with CONCURRENCY=shell", map[string]string{"/etc/debian_version": "5.0.10", rcScript: lennyRC, rcDefaults: "CONCURRENCY=shell\n"}, Sysv, "links", "no makefile"},
		{"lenny without rc", map[string]string{"/etc/debian_version": "5.0.10"}, Sysv, "links", "no makefile"},
		{"lenny with stray .depend", withDepend(lennyRC, "5.0"), Sysv, "links", "no makefile"},
		{"etch", map[string]string{"/etc/debian_version": "4.0", rcScript: lennyRC}, Sysv, "links", ""},
		{"squeeze without rc", with(withDepend("", "6.0.10"), map[string]string{rcScript: "-> /nowhere"}), Startpar, "override", ""},
		{"squeeze without rc, none", with(withDepend("", "6.0.10"), map[string]string{rcScript: "-> /nowhere", rcDefaults: "CONCURRENCY=none\n"}), Sysv, "links", "CONCURRENCY=none"},
		{"wheezy", withDepend(bookwormRC, "7.11"), Startpar, "override", "makefile-style"},
		{"wheezy, legacy", with(withDepend(bookwormRC, "7.11"), map[string]string{legacyOrdering: ""}), Insserv, "insserv", "legacy"},
		{"bookworm", withDepend(bookwormRC, "12.5"), Startpar, "override", "makefile-style"},
		{"bookworm does not heed CONCURRENCY", with(withDepend(bookwormRC, "12.5"), map[string]string{rcDefaults: "CONCURRENCY=none\n"}), Startpar, "override", "makefile-style"},
		{"bookworm without rc does not either", with(withDepend("", "12.5"), map[string]string{rcScript: "-> /nowhere", rcDefaults: "CONCURRENCY=none\n"}), Startpar, "override", ""},
		{"bookworm without .depend", map[string]string{"/etc/debian_version": "12.5", rcScript: bookwormRC}, Insserv, "insserv", ".depend.boot is missing"},
		{"systemd", with(withDepend(bookwormRC, "12.5"), map[string]string{"/sbin/init": "-> /lib/systemd/systemd"}), Systemd, "", "systemd"},
		{"upstart", with(withDepend(bookwormRC, "7"), map[string]string{"/sbin/init": "-> upstart"}), Upstart, "", "upstart"},
		{"sysvinit as a link", with(withDepend(bookwormRC, "12.5"), map[string]string{"/sbin/init": "-> /lib/sysvinit/init"}), Startpar, "override", ""},
		{"neither", map[string]string{}, Insserv, "insserv", "missing"},
		{"unknown release with rc", map[string]string{rcScript: lennyRC}, Insserv, "insserv", "no makefile"},
	} {
		c := FromTree(files(test.guest))
		if c.Detection.Scheme != test.want || c.Method() != test.method {
			t.Errorf("%s: got %s, %s, want %s, %s", test.name, c.Detection.Scheme, c.Method(), test.want, test.method)
		}
		if !strings.Contains(c.Detection.Reason, test.reason) {
			t.Errorf("%s: reason %q, want %q in it", test.name, c.Detection.Reason, test.reason)
		}
		for _, evidence := range c.Detection.Evidence {
			if evidence.Path == "" || evidence.Fact == "" {
				t.Errorf("%s: evidence %v", test.name, evidence)
			}
		}
	}
}

// TestNoEffect tells of a CONCURRENCY that rc does not heed.
func TestNoEffect(t *testing.T) {
	guest := withDepend(bookwormRC, "12.5")
	guest[rcDefaults] = "CONCURRENCY=none\n"
	want := Evidence{rcDefaults, "CONCURRENCY=none, without effect"}
	if got := FromTree(files(guest)).Detection.Evidence; !slices.Contains(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestRelease(t *testing.T) {
	for _, test := range []struct {
		version, osRelease string
		want               Release
	}{
		{"6.0.10\n", "", Release{"squeeze", 6}},
		{"5.0", "", Release{"lenny", 5}},
		{"12.5", "VERSION_CODENAME=trixie", Release{"bookworm", 12}},
		{"trixie/sid", "", Release{"trixie", 13}},
		{"squeeze/sid", "", Release{"squeeze", 6}},
		{"13", "", Release{"trixie", 13}},
		{"99.1", "", Release{"", 99}},
		{"daedalus/ceres", "PRETTY_NAME=x\nVERSION_CODENAME=\"daedalus\"\n", Release{"daedalus", 0}},
		{"", "VERSION_CODENAME='bookworm'", Release{"bookworm", 12}},
		{"", "", Release{}},
		{"\xff\n", "VERSION=\xff", Release{}},
		{"-6.0", "", Release{}},
	} {
		guest := map[string]string{"/etc/debian_version": test.version}
		if test.osRelease != "" {
			guest["/etc/os-release"] = test.osRelease
		}
		if got := FromTree(files(guest)).Release; got != test.want {
			t.Errorf("%q, %q: got %v, want %v", test.version, test.osRelease, got, test.want)
		}
	}
}

func TestInsservVersion(t *testing.T) {
	installed := func(version string) *Packages {
		return parsePackages([]byte("Package: insserv\nStatus: install ok installed\nVersion: " + version + "\n"))
	}
	removed := parsePackages([]byte("Package: insserv\nStatus: deinstall ok config-files\nVersion: 1.14.0-5\n"))
	for _, test := range []struct {
		packages *Packages
		major    int
		want     string
	}{
		{installed("1.14.0-5"), 6, "1.14.0-5"},
		{installed("1.18.0-2"), 6, "1.18.0-2"},
		{removed, 5, "1.12.0"},
		{&Packages{}, 6, "1.14.0"},
		{&Packages{}, 9, "1.14.0"},
		{&Packages{}, 12, "1.24.0"},
		{&Packages{}, 0, "1.26.0"},
		{&Packages{}, 99, "1.26.0"},
	} {
		if got := InsservVersion(test.packages, Release{Major: test.major}); got != test.want {
			t.Errorf("release %d: got %s, want %s", test.major, got, test.want)
		}
	}
}
