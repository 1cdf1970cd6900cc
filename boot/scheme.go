package boot

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/bootledger/bootledger/boot/rootfs"
)

// Scheme is how a guest boots.
type Scheme string

// The boot schemes. Only the first three boot from the links in /etc/rc?.d.
const (
	Sysv     Scheme = "sysv"     // links in an order that the administrator and packages fixed
	Insserv  Scheme = "insserv"  // links numbered from LSB headers, run one by one
	Startpar Scheme = "startpar" // side by side, as .depend.* allow
	Upstart  Scheme = "upstart"
	Systemd  Scheme = "systemd"
)

// Detection is a boot scheme and how it was told.
type Detection struct {
	Scheme   Scheme
	Release  string // codename, empty if it is not known
	Reason   string
	Evidence []Evidence
}

// Evidence is one fact that a detection rests on.
type Evidence struct {
	Path string
	Fact string
}

// The files that rc asks whether it may boot makefile-style.
var dependFiles = []string{InitDir + "/.depend.boot", InitDir + "/.depend.start", InitDir + "/.depend.stop"}

const (
	legacyOrdering = InitDir + "/.legacy-bootordering"
	rcScript       = InitDir + "/rc"
	rcDefaults     = "/etc/default/rcS"
)

// detect tells the boot scheme from what the guest's own rc does. The rules:
//
//   - Lenny's rc has no makefile mode, and its links have fixed numbers: sysv.
//   - Squeeze's rc goes makefile-style unless CONCURRENCY says otherwise,
//     which /etc/default/rcS may, .legacy-bootordering exists, or one of the
//     three .depend files is missing or empty: then links run in order, sysv.
//   - Since Wheezy CONCURRENCY is assigned after /etc/default/rcS is read, so
//     that a value there has no effect, and update-rc.d always asks insserv:
//     without makefile mode links run in order, and insserv numbers them.
func detect(tree Tree, release Release) Detection {
	d := detector{tree: tree, Detection: Detection{Release: release.Codename}}
	d.note("/etc/debian_version", "release "+cmp.Or(release.Codename, "unknown"))
	if scheme := d.otherInit(); scheme != "" {
		return d.conclude(scheme, "/sbin/init is "+string(scheme))
	}
	rc := d.readRC(release)
	inOrder := Insserv
	if release.Major > 0 && release.Major <= 6 {
		inOrder = Sysv
	}
	if !rc.makefile {
		return d.conclude(inOrder, "rc knows no makefile-style boot: links run in order")
	}
	if d.exists(legacyOrdering) {
		return d.conclude(inOrder, ".legacy-bootordering exists: links run in order")
	}
	if value := d.concurrency(rc); value != "" {
		return d.conclude(inOrder, "CONCURRENCY="+value+" in "+rcDefaults+": links run in order")
	}
	for _, depend := range dependFiles {
		node, ok := file(tree, depend)
		switch {
		case !ok:
			d.note(depend, "missing")
			return d.conclude(inOrder, depend+" is missing: links run in order")
		case node.Size == 0:
			d.note(depend, "empty")
			return d.conclude(inOrder, depend+" is empty: links run in order")
		}
		d.note(depend, "present and not empty")
	}
	return d.conclude(Startpar, "makefile-style, from .depend.boot, .depend.start and .depend.stop")
}

type detector struct {
	Detection
	tree Tree
}

func (d *detector) note(path, fact string) {
	d.Evidence = append(d.Evidence, Evidence{Path: path, Fact: fact})
}

func (d *detector) conclude(scheme Scheme, reason string) Detection {
	d.Scheme, d.Reason = scheme, reason
	return d.Detection
}

func (d *detector) exists(path string) bool {
	_, there := d.tree.Nodes[path]
	if there {
		d.note(path, "present")
	} else {
		d.note(path, "missing")
	}
	return there
}

// otherInit tells an init that does not boot from links. systemd's /sbin/init
// is a symlink to it; upstart's is a program that its package installs.
func (d *detector) otherInit() Scheme {
	node := d.tree.Nodes["/sbin/init"]
	if node.Type == rootfs.Symlink && strings.HasSuffix(node.Target, "/systemd") {
		d.note("/sbin/init", "symlink to "+node.Target)
		return Systemd
	}
	if node.Type == rootfs.Symlink && strings.HasSuffix(node.Target, "upstart") {
		d.note("/sbin/init", "symlink to "+node.Target)
		return Upstart
	}
	return ""
}

// runControl is what there is to know of a guest's rc.
type runControl struct {
	makefile      bool // it can boot makefile-style
	heedsDefaults bool // CONCURRENCY in /etc/default/rcS has an effect
}

var (
	assignsConcurrency = regexp.MustCompile(`(?m)^[ \t]*(?:export[ \t]+)?CONCURRENCY=([^\s;]*)`)
	sourcesDefaults    = regexp.MustCompile(`(?m)^[^#\n]*\.[ \t]+/etc/default/rcS`)
)

// readRC reads the guest's rc or, where there is none to read, knows what the
// release's does.
func (d *detector) readRC(release Release) runControl {
	node, ok := file(d.tree, rcScript)
	if !ok {
		d.note(rcScript, "missing: taken as the release's own")
		return runControl{makefile: release.Major == 0 || release.Major >= 6, heedsDefaults: release.Major == 6}
	}
	text := string(node.Content)
	rc := runControl{makefile: strings.Contains(text, "makefile")}
	first := assignsConcurrency.FindStringSubmatchIndex(text)
	defaults := sourcesDefaults.FindStringIndex(text)
	rc.heedsDefaults = first != nil && defaults != nil && first[0] < defaults[0]
	switch {
	case !rc.makefile:
		d.note(rcScript, "runs links by number only")
	case rc.heedsDefaults:
		d.note(rcScript, "sets CONCURRENCY="+text[first[2]:first[3]]+" before it reads "+rcDefaults)
	default:
		d.note(rcScript, "sets CONCURRENCY after it reads "+rcDefaults+", so that a value there has no effect")
	}
	return rc
}

// concurrency gives the value that keeps rc from going makefile-style, empty if
// none does. "shell" and "startpar" are older words for "makefile".
func (d *detector) concurrency(rc runControl) string {
	node, ok := file(d.tree, rcDefaults)
	if !ok {
		return ""
	}
	values := assignsConcurrency.FindAllStringSubmatch(string(node.Content), -1)
	if values == nil {
		return ""
	}
	value := strings.Trim(values[len(values)-1][1], `"'`)
	if !rc.heedsDefaults {
		d.note(rcDefaults, "CONCURRENCY="+value+", without effect")
		return ""
	}
	d.note(rcDefaults, "CONCURRENCY="+value)
	switch value {
	case "makefile", "shell", "startpar":
		return ""
	}
	return cmp.Or(value, `""`)
}
