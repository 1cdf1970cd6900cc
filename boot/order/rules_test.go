package order_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/order"
)

// TestRules holds small cases of what insserv 1.24 was seen to do.
func TestRules(t *testing.T) {
	for _, test := range []struct {
		name     string
		scripts  []string // "name: lines of its header, separated by semicolons"
		override map[string]string
		links    []string // "rc2.d/S01x", with "=" and a target, nothing for a plain file
		args     string
		refused  bool
		want     []string
		start    string // .depend.start's TARGETS
	}{
		{
			name: "a plain file is replaced", scripts: []string{"x: Provides: x"},
			links: []string{"rc3.d/S10x=", "rc3.d/S96x=x"},
			want:  []string{"rc3.d/S01x"}, start: "x",
		},
		{
			name: "two links of a script", scripts: []string{"x: Provides: x"},
			links: []string{"rc3.d/S10x=x", "rc3.d/S01x=x", "rc3.d/S30x=x"},
			want:  []string{"rc3.d/S01x"}, start: "x",
		},
		{
			name: "no last line in an override that does not count", scripts: []string{"x: Provides: x"},
			override: map[string]string{"x": lsb.BeginLine + "\n"}, refused: true,
		},
		{
			name: "a system facility provided", scripts: []string{"x: Provides: $bad; Default-Start: 2"},
			args: "x",
		},
		{
			name: "-r turns -d off", scripts: []string{"x: Provides: x; Default-Stop: 6"},
			links: []string{"rc6.d/S72x=x"}, args: "-r -d x",
		},
		{
			name: "a script belongs to one service", scripts: []string{"x: Default-Start: 2"},
			links: []string{"rc4.d/S33z=x"}, args: "x",
			want: []string{"rc4.d/S01x", "rc4.d/S33z"}, start: "x",
		},
		{
			name: "a script passed over is not checked", scripts: []string{"b~: Provides: b~; Required-Start: nosuch"},
			links: []string{"rc2.d/S34b~=b~"}, args: "b~",
			want: []string{"rc2.d/S01b~"}, start: "b~",
		},
		{
			name: "runlevels added", scripts: []string{"x: Provides: x; Default-Start: 4"},
			args: "x,start=2,stop=3",
			want: []string{"rc2.d/S01x", "rc3.d/K01x", "rc4.d/S01x"}, start: "x",
		},
		{
			name: "runlevels instead", scripts: []string{"x: Provides: x; Default-Start: 4"},
			args: "-f x,start=2",
			want: []string{"rc2.d/S01x"}, start: "x",
		},
		{
			name: "runlevels with -d", scripts: []string{"x: Provides: x; Default-Start: 4"},
			args: "-d x,start=2",
			want: []string{"rc4.d/S01x"}, start: "x",
		},
		{
			name: "runlevels of a script with links", scripts: []string{"x: Provides: x; Default-Start: 4"},
			links: []string{"rc5.d/S50x=x"}, args: "x,stop=2",
			want: []string{"rc2.d/K01x", "rc4.d/S01x", "rc5.d/S01x"}, start: "x",
		},
		{
			name: "a second provider adds its runlevels with -r -f",
			scripts: []string{
				"s04: Provides: s04; Should-Start: s00; Default-Start: 2", "s00: Provides: s00; Default-Start: 2", "double: Provides: s00",
			},
			links: []string{"rc2.d/S02s04=s04"}, args: "-f -r double",
			want: []string{"rc2.d/S02s04"}, start: "s04",
		},
		{
			name: "a second provider has no dependencies with -r",
			scripts: []string{
				"x: Provides: x", "s00: Provides: s00; Default-Stop: 0", "double: Provides: x; Required-Stop: s00; Default-Stop: 0",
			},
			links: []string{"rc0.d/K01x=x", "rc0.d/K01s00=s00"}, args: "-r double",
			want: []string{"rc0.d/K01s00", "rc0.d/K01x"},
		},
		{
			name: "further names of a second provider",
			scripts: []string{
				"double: Provides: s01", "s00: Provides: s00; Default-Stop: 0", "s01: Provides: s01 s01-too; Required-Stop: s00; Default-Stop: 0",
			},
			args: "s00",
			want: []string{"rc0.d/K01s00"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := order.Input{Links: map[lsb.Runlevel][]order.LinkEntry{}, LocalOverrides: map[string][]byte{}}
			for _, s := range test.scripts {
				name, fields, _ := strings.Cut(s, ": ")
				text := lsb.BeginLine + "\n# " + strings.ReplaceAll(fields, "; ", "\n# ") + "\n" + lsb.EndLine + "\n"
				in.Scripts = append(in.Scripts, order.Script{Name: name, Regular: true, Executable: true, Text: []byte(text)})
			}
			for name, text := range test.override {
				in.LocalOverrides[name] = []byte(text)
			}
			for _, l := range test.links {
				path, target, _ := strings.Cut(l, "=")
				entry := order.LinkEntry{Base: path[len("rcN.d/"):]}
				if target != "" {
					entry.Symlink, entry.Target = true, "../init.d/"+target
				}
				level, _ := lsb.ParseRunlevel(path[2:3])
				in.Links[level] = append(in.Links[level], entry)
			}
			rules, _ := order.RulesFor("1.24.0")
			call, err := order.ParseArgs(strings.Fields(test.args))
			if err != nil {
				t.Fatal(err)
			}
			result := order.Run(rules, in, call)
			if refused := result.ExitCode != 0; refused != test.refused {
				t.Fatalf("exit code %d: %q", result.ExitCode, result.Messages)
			}
			if test.refused {
				return
			}
			var got []string
			for level, names := range result.Links {
				for _, name := range names {
					got = append(got, level.Dir()+"/"+name)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("links (-want +got):\n%s", diff)
			}
			depend, err := lsb.ParseDepend(result.Depend[".depend.start"])
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(depend.Targets, " "); got != test.start {
				t.Errorf("got targets %q, want %q", got, test.start)
			}
		})
	}
}

// TestTooManyDependencies shows that a run is bounded.
func TestTooManyDependencies(t *testing.T) {
	in := order.Input{Conf: []byte("$f " + numbers(2000) + "\n")}
	for _, name := range strings.Fields(numbers(100)) {
		text := lsb.BeginLine + "\n# Provides: s" + name + "\n# Required-Start: $f\n" + lsb.EndLine + "\n"
		in.Scripts = append(in.Scripts, order.Script{Name: name, Regular: true, Executable: true, Text: []byte(text)})
	}
	rules, _ := order.RulesFor("1.24.0")
	if got := order.Run(rules, in, order.Call{}); got.ExitCode != 1 || got.Depend != nil {
		t.Errorf("got exit code %d, want 1: %q", got.ExitCode, got.Messages)
	}
}
