package order_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/order"
)

// TestReport runs a guest that has one of each: a loop, a script that starts in
// too few runlevels, and a name that two scripts provide.
func TestReport(t *testing.T) {
	rules, _ := order.RulesFor("1.24.0")
	script := func(name, provides, start, levels string) order.Script {
		return order.Script{Name: name, Regular: true, Executable: true, Text: []byte("#!/bin/sh\n### BEGIN INIT INFO\n# Provides: " + provides +
			"\n# Required-Start: " + start + "\n# Required-Stop:\n# Default-Start: " + levels + "\n# Default-Stop:\n### END INIT INFO\n")}
	}
	link := func(name string) order.LinkEntry {
		return order.LinkEntry{Base: "S01" + name, Symlink: true, Target: "../init.d/" + name}
	}
	for _, test := range []struct {
		name  string
		in    order.Input
		names []string
		want  order.Report
	}{
		{
			name: "loop",
			in:   order.Input{Scripts: []order.Script{script("a", "a", "b", "2"), script("b", "b", "a", "2")}},
			want: order.Report{Loops: []order.Loop{{Services: []string{"a", "b"}}, {Services: []string{"b", "a"}}}},
		},
		{
			name: "runlevels",
			in: order.Input{
				Scripts: []order.Script{script("a", "a", "b", "2 3"), script("b", "b", "", "2")},
				Links:   map[lsb.Runlevel][]order.LinkEntry{'2': {link("a"), link("b")}, '3': {link("a")}},
			},
			want: order.Report{Missing: []order.Missing{{Script: "a", Service: "b", Exists: true, Levels: []lsb.Runlevel{'3'}}}},
		},
		{
			name:  "not enabled",
			in:    order.Input{Scripts: []order.Script{script("a", "a", "b", "2"), script("b", "b", "", "2")}},
			names: []string{"a"},
			want:  order.Report{Missing: []order.Missing{{Script: "a", Service: "b"}}},
		},
		{
			name: "duplicate",
			in:   order.Input{Scripts: []order.Script{script("a", "one", "", "2"), script("b", "one", "", "2")}},
			want: order.Report{Duplicates: []order.Duplicate{{Service: "one", Scripts: [2]string{"a", "b"}}}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := order.Run(rules, test.in, order.Call{Names: test.names}).Report
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDryRun leaves everything as it is, and says the same.
func TestDryRun(t *testing.T) {
	rules, _ := order.RulesFor("1.24.0")
	in := order.Input{
		Scripts: []order.Script{{Name: "a", Regular: true, Executable: true, Text: []byte("### BEGIN INIT INFO\n# Provides: a\n# Required-Start: b\n# Default-Start: 2\n### END INIT INFO\n")}},
		Links:   map[lsb.Runlevel][]order.LinkEntry{'2': {{Base: "S07gone", Symlink: true, Target: "../init.d/gone", Dangling: true}}},
	}
	call := order.Call{Names: []string{"a"}}
	want := order.Run(rules, in, call)
	call.DryRun = true
	got := order.Run(rules, in, call)
	if got.ExitCode != want.ExitCode || !cmp.Equal(got.Messages, want.Messages) {
		t.Errorf("got %d %q, want %d %q", got.ExitCode, got.Messages, want.ExitCode, want.Messages)
	}
	if diff := cmp.Diff(map[lsb.Runlevel][]string{'2': {"S07gone"}}, got.Links); diff != "" || got.Depend != nil || got.Removed != nil || got.Added != nil {
		t.Errorf("links (-want +got):\n%s\nremoved %v, added %v, wrote %q", diff, got.Removed, got.Added, got.Depend)
	}
}
