package sample

import (
	"embed"
	"fmt"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/bootledger/bootledger/boot/lsb"
)

//go:embed *.txtar
var archives embed.FS

// archive is what one of the embedded archives holds. Its sections are files
// of the guest, but for the three listings .links, .legacy-links and .packages.
type archive struct {
	files    map[string][]byte // by path inside the guest
	links    []lsb.Link
	legacy   []lsb.Link // as sysv-rc numbers them where insserv is not used
	packages []dpkgPackage
}

func readArchive(name string) (archive, error) {
	content, err := archives.ReadFile(name + ".txtar")
	if err != nil {
		return archive{}, err
	}
	a := archive{files: map[string][]byte{}}
	for _, section := range txtar.Parse(content).Files {
		switch section.Name {
		case ".links":
			a.links, err = parseLinks(string(section.Data))
		case ".legacy-links":
			a.legacy, err = parseLinks(string(section.Data))
		case ".packages":
			a.packages = parsePackages(string(section.Data))
		default:
			a.files["/"+section.Name] = section.Data
		}
		if err != nil {
			return archive{}, fmt.Errorf("cannot read %s of the archive %s: %w", section.Name, name, err)
		}
	}
	return a, nil
}

// parseLinks reads lines such as "hwclock.sh S11 S K25 06": the name of a
// script, and in pairs the kind and sequence of its links and their runlevels.
func parseLinks(listing string) ([]lsb.Link, error) {
	var links []lsb.Link
	for line := range strings.Lines(listing) {
		fields := strings.Fields(line)
		if len(fields)%2 == 0 {
			return nil, fmt.Errorf("%q is not a script and pairs of number and runlevels", line)
		}
		for i := 1; i < len(fields); i += 2 {
			for _, letter := range fields[i+1] {
				level, isLevel := lsb.ParseRunlevel(string(letter))
				link, isLink := lsb.ParseLink(level, fields[i]+fields[0])
				if !isLevel || !isLink {
					return nil, fmt.Errorf("%s %s is no link of %s", fields[i], fields[i+1], fields[0])
				}
				links = append(links, link)
			}
		}
	}
	return links, nil
}
