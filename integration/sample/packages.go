package sample

import (
	"crypto/md5" //nolint:gosec // dpkg's own format
	"fmt"
	"regexp"
	"strings"
)

// statusPath is where dpkg keeps what is installed.
const statusPath = "/var/lib/dpkg/status"

type dpkgPackage struct {
	name, version string
	conffiles     []string
}

// parsePackages reads lines of a package's name, its version and the paths of
// its configuration files, which the scripts in /etc/init.d are.
func parsePackages(listing string) []dpkgPackage {
	var packages []dpkgPackage
	for line := range strings.Lines(listing) {
		fields := strings.Fields(line)
		packages = append(packages, dpkgPackage{fields[0], fields[1], fields[2:]})
	}
	return packages
}

// status writes the records of packages as in dpkg's file of that name.
func status(packages []dpkgPackage, files map[string][]byte) []byte {
	var out strings.Builder
	for _, p := range packages {
		fmt.Fprintf(&out, "Package: %s\nStatus: install ok installed\nArchitecture: i386\nVersion: %s\n", p.name, p.version)
		if len(p.conffiles) > 0 {
			out.WriteString("Conffiles:\n")
		}
		for _, path := range p.conffiles {
			fmt.Fprintf(&out, " %s %x\n", path, md5.Sum(files[path]))
		}
		fmt.Fprintf(&out, "Description: %s, of a sample guest\n\n", p.name)
	}
	return []byte(out.String())
}

// withNewVersions gives dpkg's status with a higher version of the named
// packages.
func withNewVersions(status []byte, names ...string) []byte {
	records := strings.SplitAfter(string(status), "\n\n")
	for i, record := range records {
		for _, name := range names {
			if strings.HasPrefix(record, "Package: "+name+"\n") {
				records[i] = versionLine.ReplaceAllString(record, "$0+u1")
			}
		}
	}
	return []byte(strings.Join(records, ""))
}

var versionLine = regexp.MustCompile(`(?m)^Version: .*$`)
