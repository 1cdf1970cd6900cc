package lsb_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/lsb/lsbtest"
)

const block = "### BEGIN INIT INFO\n%s\n### END INIT INFO\n"

func header(lines ...string) lsb.Header {
	return lsb.ParseHeader([]byte(strings.Replace(block, "%s", strings.Join(lines, "\n"), 1)))
}

// TestParseHeader holds what insserv reads and what it passes over.
func TestParseHeader(t *testing.T) {
	for name, test := range map[string]struct {
		line string
		key  lsb.Key
		want []string
	}{
		"as packages write it":       {"# Provides:          udev", lsb.Provides, []string{"udev"}},
		"no blank":                   {"#provides:udev", lsb.Provides, []string{"udev"}},
		"underscores":                {"# required__start: a b", lsb.RequiredStart, []string{"a", "b"}},
		"should with a prefix":       {"# X-Debian-Should-Start: a", lsb.ShouldStart, []string{"a"}},
		"start before, no prefix":    {"# Start-Before: a", lsb.StartBefore, []string{"a"}},
		"blank before the mark":      {" # Provides: udev", lsb.Provides, nil},
		"blank before the colon":     {"# Provides : udev", lsb.Provides, nil},
		"commas and semicolons":      {"# Required-Start: a,b;c", lsb.RequiredStart, []string{"a", "b", "c"}},
		"ends at two blanks":         {"# Required-Start: a  b", lsb.RequiredStart, []string{"a"}},
		"ends at a tab":              {"# Required-Start: a\tb", lsb.RequiredStart, []string{"a"}},
		"ends at what is not ASCII":  {"# Required-Start: a\xe9 b", lsb.RequiredStart, []string{"a"}},
		"the first one counts":       {"# Provides: a\n# Provides: b", lsb.Provides, []string{"a"}},
		"required with a prefix":     {"# X-Required-Start: a", lsb.RequiredStart, nil},
		"X-Stop-After under its key": {"# X-Stop-After: a", lsb.StopAfter, []string{"a"}},
	} {
		if got := header(test.line).Field(test.key).Names(); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestHeaderBounds(t *testing.T) {
	if h := lsb.ParseHeader([]byte("#!/bin/sh\n# Provides: x\n")); h.Found() || h.Provides.Present {
		t.Errorf("without a block: got %+v, want no header", h)
	}
	h := lsb.ParseHeader([]byte("### BEGIN INIT INFO\n# Provides: x\n"))
	if h.Found() || !h.Unterminated() {
		t.Errorf("without an end: got found %v, unterminated %v, want false, true", h.Found(), h.Unterminated())
	}
	if h := header("# Default-Start:"); !h.DefaultStart.Present || h.DefaultStop.Present {
		t.Errorf("got present %v and %v, want true and false", h.DefaultStart.Present, h.DefaultStop.Present)
	}
}

func TestRunlevels(t *testing.T) {
	for value, want := range map[string]string{
		"2 3 4 5": "2345", "S": "S", "s": "S", "23": "", "0 6 S3": "06", "": "", "2,3;4": "234", "2  3": "23",
	} {
		levels, _ := header("# Default-Start: " + value).DefaultStart.Runlevels()
		var got string
		for _, level := range levels {
			got += level.String()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
}

func TestParseLink(t *testing.T) {
	for base, want := range map[string]lsb.Link{
		"S03udev":     {Runlevel: 'S', Action: lsb.Start, Sequence: 3, Name: "udev"},
		"K99rc.local": {Runlevel: 'S', Action: lsb.Stop, Sequence: 99, Name: "rc.local"},
		"S123x":       {Runlevel: 'S', Action: lsb.Start, Sequence: 12, Name: "3x"},
	} {
		got, ok := lsb.ParseLink('S', base)
		if !ok || got != want || got.Base() != base || got.Path() != "/etc/rcS.d/"+base {
			t.Errorf("%s: got %+v %v, %s, want %+v", base, got, ok, got.Path(), want)
		}
	}
	for _, base := range []string{"README", "s03udev", "S3udev", "S03", "X03udev", ""} {
		if got, ok := lsb.ParseLink('S', base); ok {
			t.Errorf("%q: got %+v, want none", base, got)
		}
	}
}

func TestIgnored(t *testing.T) {
	rules := lsb.NameRules{Dpkg: "dpkg", Ucf: true}
	for name, want := range map[string]bool{
		"ssh": false, "x.sh": false, "rc.local": false, "a,b": false, "z.dpkx": false,
		"README": true, "skeleton": true, "ssh.dpkg-old": true, "x.ucf-dist": true, "x~": true, "core": true,
		"x.bak": true, "x.orig": true, "w,v": true, "_x": true, ".x": true, "rc": true,
	} {
		if got := rules.Ignored(name); got != want && name != ".x" { // that one is for the caller
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

func TestFacilities(t *testing.T) {
	conf := "# comment\n$local_fs\t+mountall +umountfs\n$f $g y\n$g x z\n<interactive> udev\n"
	f := lsb.ParseFacilities([]byte(conf), []lsb.File{{Name: "b", Text: []byte("$local_fs = late\n")}}, lsb.NameRules{})
	for inPlace, want := range map[bool][]string{true: {"x", "z", "y"}, false: {"y", "x", "z"}} {
		expanded, err := f.Expand(inPlace)
		if err != nil {
			t.Fatal(err)
		}
		members, _ := expanded.Members("$f")
		var got []string
		for _, m := range members {
			got = append(got, m.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("in place %v: got %q, want %q", inPlace, got, want)
		}
	}
	members, _ := f.Members("$local_fs")
	if want := []lsb.Member{{Name: "mountall", Optional: true}, {Name: "umountfs", Optional: true}, {Name: "late"}}; !cmp.Equal(members, want) {
		t.Errorf("got %+v, want %+v", members, want)
	}
	if !slices.Equal(f.Interactive, []string{"udev"}) {
		t.Errorf("interactive: got %q, want udev", f.Interactive)
	}
	loop := lsb.ParseFacilities([]byte("$a $b\n$b $a\n"), nil, lsb.NameRules{})
	if _, err := loop.Expand(false); err == nil {
		t.Error("facilities that need each other: got no error")
	}
}

func TestInForce(t *testing.T) {
	script, local := "# Provides: script", "# Provides: local"
	texts := lsb.Texts{
		Script: []byte(strings.Replace(block, "%s", script, 1)),
		Local:  []byte(strings.Replace(block, "%s", local, 1)),
	}
	for _, scriptFirst := range []bool{true, false} {
		if h, _, _ := texts.InForce(scriptFirst); h.Provides.Value != "local" {
			t.Errorf("script first %v: got %q, want local", scriptFirst, h.Provides.Value)
		}
	}
	texts.Local = []byte(lsb.BeginLine + "\n")
	if h, _, unterminated := texts.InForce(false); h.Provides.Value != "script" || unterminated != lsb.FromLocal {
		t.Errorf("an override without last line: got %q, %v, want script, local override", h.Provides.Value, unterminated)
	}
	texts.Local = []byte(local + "\n")
	if h, _, _ := texts.InForce(false); h.Provides.Value != "script" {
		t.Errorf("an override without a block: got %q, want script", h.Provides.Value)
	}
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte(strings.Replace(block, "%s", "# Provides: x y\n# Default-Start: 2 S", 1)))
	f.Add([]byte("### BEGIN INIT INFO\n#\tx_-should--start:\x00\xff"))
	f.Add([]byte("### BEGIN INIT INFO\n" + strings.Repeat("#x-:\n", lsbtest.MaxInput/5-10)))
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > lsbtest.MaxInput {
			return
		}
		lsbtest.Quick(t, func() { readHeader(t, text) })
	})
}

func readHeader(t *testing.T, text []byte) {
	h := lsb.ParseHeader(text)
	for _, name := range h.RequiredStart.Names() {
		if name == "" {
			t.Errorf("got an empty name")
		}
	}
	h.DefaultStart.Runlevels()
	if _, err := lsb.Override(text, map[lsb.Key]string{lsb.RequiredStart: "a"}); err == nil && !h.Found() {
		t.Errorf("got an override of a script without header")
	}
}

func FuzzFacilities(f *testing.F) {
	f.Add([]byte("$a $b +c\n$b d\n<interactive> x\n"), []byte("$a:e\n"))
	f.Add([]byte("$a $a\n"), []byte("<x>="))
	f.Add([]byte(doubling(2000)), []byte{})
	f.Fuzz(func(t *testing.T, conf, other []byte) {
		if len(conf)+len(other) > lsbtest.MaxInput {
			return
		}
		lsbtest.Quick(t, func() {
			facilities := lsb.ParseFacilities(conf, []lsb.File{{Name: "x", Text: other}}, lsb.NameRules{})
			for _, inPlace := range []bool{true, false} {
				expanded, err := facilities.Expand(inPlace)
				if err != nil {
					continue
				}
				for _, name := range expanded.Names() {
					expanded.Members(name)
				}
			}
		})
	})
}

// doubling defines facilities each of which stands for the one before, twice.
func doubling(n int) string {
	var b strings.Builder
	b.WriteString("$f0 x\n")
	for i := range n {
		fmt.Fprintf(&b, "$f%d $f%d $f%d\n", i+1, i, i)
	}
	return b.String()
}

func FuzzDepend(f *testing.F) {
	f.Add([]byte("TARGETS = a b\nINTERACTIVE = a\nb: a\n"))
	f.Add([]byte("TARGETS =\n" + strings.Repeat("a:\n", lsbtest.MaxInput/3-10)))
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > lsbtest.MaxInput {
			return
		}
		lsbtest.Quick(t, func() { readDepend(t, text) })
	})
}

func readDepend(t *testing.T, text []byte) {
	d, err := lsb.ParseDepend(text)
	if err != nil {
		return
	}
	again, err := lsb.ParseDepend(d.Bytes())
	if err != nil || !bytes.Equal(again.Bytes(), d.Bytes()) {
		t.Errorf("%q was written as %q and is not read as the same: %v", text, d.Bytes(), err)
	}
}
