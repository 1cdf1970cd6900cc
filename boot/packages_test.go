package boot

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/boot/rootfs/rootfstest"
)

// record is one of dpkg's status file.
func record(name, status, version string, conffiles ...string) string {
	text := "Package: " + name + "\nStatus: " + status + "\nArchitecture: amd64\nVersion: " + version + "\n"
	if len(conffiles) > 0 {
		text += "Conffiles:\n " + strings.Join(conffiles, "\n ") + "\n"
	}
	return text + "Description: a package\n of some words\n .\n Package: not a field\n\n"
}

func TestPackages(t *testing.T) {
	const (
		on, off, purged = "install ok installed", "deinstall ok config-files", "purge ok not-installed"
		cron            = "/etc/init.d/cron 32ab"
	)
	for _, test := range []struct {
		name, status   string
		owner, version string // of /etc/init.d/cron
	}{
		{"installed", record("cron", on, "3.0", "/etc/default/cron 12cd", cron), "cron", "3.0"},
		{"on hold", record("cron", "hold ok installed", "3.0", cron), "cron", "3.0"},
		{"half configured", record("cron", "install ok half-configured", "3.0", cron), "cron", "3.0"},
		{"triggers pending", record("cron", "install ok triggers-pending", "3.0", cron), "cron", "3.0"},
		{"removed", record("cron", off, "3.0", cron), "cron", ""},
		{"purged", record("cron", purged, "3.0"), "", ""},
		{"no status", "Package: cron\nConffiles:\n " + cron + "\n", "cron", ""},
		{"obsolete", record("cron", on, "3.0", cron+" obsolete"), "cron", "3.0"},
		{"taken over", record("cron", on, "3.0", cron+" obsolete") + record("bcron", on, "1", cron), "bcron", "1"},
		{"taken over, the other way", record("bcron", on, "1", cron) + record("cron", on, "3.0", cron+" obsolete"), "bcron", "1"},
		{"removed, another has it", record("bcron", off, "1", cron) + record("cron", on, "3.0", cron), "cron", "3.0"},
		{"removed, another had it", record("cron", on, "3.0", cron) + record("bcron", off, "1", cron), "cron", "3.0"},
		{"no script of its own", record("cron", on, "3.0", "/etc/init.d 1", "/etc/init.d.old/cron 1", "/etc/init.d/cron2 1"), "", ""},
		{"other case", strings.ToUpper("package: ") + "cron\nsTATUS: " + on + "\nversion:3.0\nConffiles:\n\t" + cron + "\n", "cron", "3.0"},
		{"carriage returns", strings.ReplaceAll(record("cron", on, "3.0", cron), "\n", "\r\n"), "cron", "3.0"},
		{"blank lines hold blanks", strings.ReplaceAll(record("a", on, "1")+record("cron", on, "3.0", cron), "\n\n", "\n \t\n"), "cron", "3.0"},
		{"no newline at the end", strings.TrimRight("Status: "+on+"\nVersion: 3.0\nPackage: cron\nConffiles:\n "+cron, "\n"), "cron", "3.0"},
		{"two architectures", record("cron", off, "3.0", cron) + record("cron", on, "3.0", cron), "cron", "3.0"},
		{"no package", "Status: " + on + "\nConffiles:\n " + cron + "\n", "", ""},
		{"to be removed on upgrade", record("cron", on, "3.0", cron+" remove-on-upgrade"), "cron", "3.0"},
		{"empty", "", "", ""},
	} {
		packages := parsePackages([]byte(test.status))
		owner, version := packages.Owner(InitDir + "/cron")
		if owner != test.owner || version != test.version {
			t.Errorf("%s: got %q %q, want %q %q", test.name, owner, version, test.owner, test.version)
		}
		if got := packages.Version(test.owner); got != test.version {
			t.Errorf("%s: got version %q, want %q", test.name, got, test.version)
		}
	}
}

func TestReadPackages(t *testing.T) {
	for name, test := range map[string]struct {
		line  string
		fails bool
	}{
		"no dpkg":     {"dir var/lib", false},
		"a directory": {"dir var/lib/dpkg/status", true},
		"a fifo":      {"fifo var/lib/dpkg/status", true},
		"too large":   {"sparse var/lib/dpkg/status 70000000", true},
	} {
		root, err := rootfs.Open(rootfstest.New(t, test.line))
		if err != nil {
			t.Fatal(err)
		}
		packages, err := ReadPackages(root)
		if (err != nil) != test.fails {
			t.Errorf("%s: got error %v", name, err)
		}
		if err == nil {
			if owner, version := packages.Owner("/etc/init.d/cron"); owner+version != "" {
				t.Errorf("%s: got %s %s", name, owner, version)
			}
		}
		root.Close()
	}
}

func parse(text string, wanted ...string) []paragraph {
	var list []paragraph
	paragraphs([]byte(text), wanted, func(p paragraph) bool {
		list = append(list, maps.Clone(p))
		return true
	})
	return list
}

// TestParagraphsRoundTrip writes paragraphs and reads them again.
func TestParagraphsRoundTrip(t *testing.T) {
	names := []string{"package", "status", "conffiles", "x-other"}
	line := rapid.StringMatching(`[!-~]([ -~]{0,8}[!-~])?`)
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		var want []paragraph
		for range rapid.IntRange(0, 4).Draw(t, "paragraphs") {
			p := paragraph{}
			for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, len(names), rapid.ID).Draw(t, "fields") {
				lines := append([]string{rapid.OneOf(rapid.Just(""), line).Draw(t, "first")}, rapid.SliceOfN(line, 0, 3).Draw(t, "more")...)
				text.WriteString(name + ": " + strings.Join(lines, "\n ") + "\n")
				if name != "x-other" {
					p[name] = strings.Join(lines, "\n")
				}
			}
			text.WriteString("\n")
			if len(p) > 0 {
				want = append(want, p)
			}
		}
		if diff := cmp.Diff(want, parse(text.String(), names[:3]...)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text.String(), diff)
		}
	})
}

func TestParagraphsStop(t *testing.T) {
	n := 0
	paragraphs([]byte("a: 1\n\na: 2\n\na: 3\n"), []string{"a"}, func(paragraph) bool {
		n++
		return n < 2
	})
	if n != 2 {
		t.Errorf("got %d calls, want 2", n)
	}
}

// FuzzParagraphs holds what is read of one field against what is read of it
// beside others.
func FuzzParagraphs(f *testing.F) {
	f.Add(record("cron", "install ok installed", "3.0", "/etc/init.d/cron 32ab", "/etc/init.d/at 1 obsolete"))
	f.Add("a:1\n b\n\n\n :\n\t\r\nA : 2\r\npackage")
	f.Fuzz(func(t *testing.T, text string) {
		values := func(list []paragraph) (values []string) {
			for _, p := range list {
				if value, there := p["package"]; there {
					values = append(values, value)
				}
			}
			return values
		}
		all := parse(text, statusFields...)
		if diff := cmp.Diff(values(parse(text, "package")), values(all)); diff != "" {
			t.Errorf("package alone and among others:\n%s", diff)
		}
		for _, p := range all {
			for name, value := range p {
				if !slices.Contains(statusFields, name) {
					t.Errorf("field %q was not wanted", name)
				}
				for line := range strings.SplitSeq(value, "\n") {
					if !strings.Contains(text, line) {
						t.Errorf("line %q of %s is made up", line, name)
					}
				}
			}
		}
		packages := parsePackages([]byte(text))
		for path, owner := range packages.owners {
			if !strings.HasPrefix(path, InitDir+"/") || owner == "" {
				t.Errorf("%q belongs to %q", path, owner)
			}
		}
	})
}
