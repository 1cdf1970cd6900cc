package integration_test

import (
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/order"
	"github.com/bootledger/bootledger/boot/rootfs"
	"github.com/bootledger/bootledger/integration/insserv"
	"github.com/bootledger/bootledger/snapshot"
)

// asPredicted has the guest's own insserv, on a scratch copy, and the native
// engine make the same calls on the guest as it is now: all that bootledger, a
// postinst or an administrator would call.
func (g guest) asPredicted(when string) {
	g.Helper()
	root, err := rootfs.Open(g.root)
	must(g, err)
	defer root.Close()
	configuration, err := boot.Read(root)
	must(g, err)
	packages, err := boot.ReadPackages(root)
	must(g, err)
	rules, known := order.RulesFor(packages.Version("insserv"))
	if !known {
		g.Fatalf("insserv %s is not known", packages.Version("insserv"))
	}
	engine, err := insserv.Find(root)
	must(g, err)
	for _, args := range [][]string{
		nil,
		{"-f"},
		{"-n"},
		{"-d"},
		{"cron"},
		{"-f", "udev"},
		{"-r", "cron"},
		{"-r", "udev"},
		{"-f", "-r", "udev"},
		{"-f", "-r", "checkroot.sh", "mountall.sh", "rsyslog"},
		{"-f", "-d", "udev", "kmod"},
		{"nosuch"},
	} {
		want, err := engine.Run(g.Context(), configuration.Tree, args)
		must(g, err)
		got, err := snapshot.Native{Rules: rules}.Run(g.Context(), configuration.Tree, args)
		must(g, err)
		words := when + ": insserv " + strings.Join(args, " ")
		if got.ExitCode != want.ExitCode {
			g.Errorf("%s: predicted exit code %d, got %d: %s", words, got.ExitCode, want.ExitCode, want.Stderr)
		} else if diff := cmp.Diff(holds(want.Tree), holds(got.Tree)); got.ExitCode == 0 && diff != "" {
			g.Errorf("%s (-insserv +predicted):\n%s", words, diff)
		}
	}
}

// holds tells what each path of a tree holds.
func holds(tree boot.Tree) map[string]string {
	contents := make(map[string]string, len(tree.Nodes))
	for path, node := range tree.Nodes {
		contents[path] = string(node.Type) + " " + node.Target + string(node.Content)
	}
	return contents
}
