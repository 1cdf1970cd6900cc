package boot

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/bootledger/bootledger/boot/rootfs"
)

// Packages says which Debian packages a guest has and which init scripts are
// theirs.
type Packages struct {
	versions map[string]string
	owners   map[string]string // package by path of a conffile in /etc/init.d
}

const (
	dpkgStatus = "/var/lib/dpkg/status"
	maxStatus  = 64 << 20
)

var statusFields = []string{"package", "status", "version", "conffiles"}

// ReadPackages reads dpkg's status file (deb822(5), dpkg-query(1)). Debian
// Policy 10.7 has every init script be a conffile, so it names their packages
// too. A guest without dpkg has no packages.
func ReadPackages(root *rootfs.Root) (*Packages, error) {
	_, text, err := root.Read(dpkgStatus, maxStatus)
	if errors.Is(err, fs.ErrNotExist) {
		return &Packages{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read which packages are installed: %w", err)
	}
	return parsePackages(text), nil
}

func parsePackages(status []byte) *Packages {
	p := &Packages{versions: map[string]string{}, owners: map[string]string{}}
	paragraphs(status, statusFields, func(record paragraph) bool {
		name := record["package"]
		// "install ok installed": what is wanted, whether it is broken, how it is.
		words := strings.Fields(record["status"])
		installed := len(words) == 3 && words[2] != "config-files" && words[2] != "not-installed"
		if name == "" {
			return true
		}
		if installed {
			p.versions[name] = record["version"]
		}
		for conffile := range strings.Lines(record["conffiles"]) {
			path, rest, _ := strings.Cut(strings.TrimSpace(conffile), " ")
			if !strings.HasPrefix(path, InitDir+"/") {
				continue
			}
			// A conffile that a package no longer ships is marked obsolete, and
			// one of a removed package stays until it is purged.
			if _, owned := p.owners[path]; !owned || installed && !strings.HasSuffix(rest, " obsolete") {
				p.owners[path] = name
			}
		}
		return true
	})
	return p
}

// Owner gives the package that a script in /etc/init.d belongs to, by the
// script's path, and the version that is installed; empty if there is none.
func (p *Packages) Owner(path string) (name, version string) {
	name = p.owners[path]
	return name, p.versions[name]
}

// Version gives the version of an installed package, empty if it is not
// installed.
func (p *Packages) Version(name string) string { return p.versions[name] }
