package boot

import (
	"strconv"
	"strings"
)

// Release is the Debian release of a guest, as the guest itself says.
type Release struct {
	Codename string // lower case, as in "squeeze"; empty if it is not known
	Major    int    // Debian's major version, 0 if it is not known
}

// codenames gives Debian's releases by their major versions.
var codenames = map[int]string{
	3: "sarge", 4: "etch", 5: "lenny", 6: "squeeze", 7: "wheezy", 8: "jessie", 9: "stretch",
	10: "buster", 11: "bullseye", 12: "bookworm", 13: "trixie", 14: "forky",
}

// releaseOf reads /etc/debian_version, which holds a version such as "6.0.10"
// or a codename such as "trixie/sid", and where that says nothing os-release.
func releaseOf(tree Tree) Release {
	text := strings.TrimSpace(string(tree.Nodes["/etc/debian_version"].Content))
	number, _, _ := strings.Cut(text, ".")
	if major, err := strconv.Atoi(number); err == nil && major > 0 {
		return Release{Codename: codenames[major], Major: major}
	}
	testing, _, _ := strings.Cut(text, "/")
	if major := majorOf(testing); major > 0 {
		return Release{Codename: testing, Major: major}
	}
	if node, ok := file(tree, "/etc/os-release"); ok {
		for line := range strings.Lines(string(node.Content)) {
			if codename, found := strings.CutPrefix(strings.TrimSpace(line), "VERSION_CODENAME="); found {
				codename = strings.Trim(codename, `"'`)
				return Release{Codename: codename, Major: majorOf(codename)}
			}
		}
	}
	return Release{}
}

// majorOf gives the major version of a codename, 0 if it is none of Debian's.
func majorOf(codename string) int {
	for major, name := range codenames {
		if name == codename {
			return major
		}
	}
	return 0
}

// scriptFirst says that the release's insserv, 1.12 to 1.14, reads the header
// of a script before its overrides.
func (r Release) scriptFirst() bool { return r.Major > 0 && r.Major <= 9 }

// UpdateRcdForces says that the release's update-rc.d(8) calls insserv with -f,
// so that a script which requires what is not enabled is no failure. Those of
// Debian 11 to 13 do; for 9 and 10 the changelog of init-system-helpers 1.29
// suggests it. A release that is not known counts as the newest.
func (r Release) UpdateRcdForces() bool { return r.Major == 0 || r.Major >= 9 }

// insservVersions are the versions that Debian's releases came with.
var insservVersions = map[int]string{
	3: "1.12.0", 4: "1.12.0", 5: "1.12.0", 6: "1.14.0", 7: "1.14.0", 8: "1.14.0", 9: "1.14.0",
	10: "1.18.0", 11: "1.21.0", 12: "1.24.0", 13: "1.26.0", 14: "1.26.0",
}

// InsservVersion is the version of the guest's insserv: the one that is
// installed or, if dpkg knows of none, the one of the release. A release that
// is not known counts as the newest.
func InsservVersion(packages *Packages, release Release) string {
	if version := packages.Version("insserv"); version != "" {
		return version
	}
	if version, known := insservVersions[release.Major]; known {
		return version
	}
	return insservVersions[14]
}
