package main

import (
	"runtime/debug"
	"slices"
	"time"

	"github.com/alecthomas/kong"
)

const description = `Changes to the boot of a Debian guest, as transactions that can be read, compared, taken back and made
again after an upgrade.`

var groups = []kong.Group{
	{Key: "look", Title: "Look:"},
	{Key: "change", Title: "Change:"},
	{Key: "history", Title: "History:"},
	{Key: "shell", Title: "Shell:"},
}

// verb is a word that says what to do.
type verb struct {
	name, group, help string
	make              func() any // a struct of its options and arguments, with a method Run
	tags              []string   // what else kong is to know
}

func newVerb[T any]() any { return new(T) }

// completeName is the verb that the scripts of completion call.
const completeName = "__complete"

var verbs = []verb{
	{"status", "look", "Scheme, standing intents, drift, last transaction. Exits 3 on drift.", newVerb[statusVerb], []string{`default:"1"`}},
	{"scheme", "look", "Which boot scheme the guest has, and by which evidence.", newVerb[schemeVerb], nil},
	{"scripts", "look", "Every script: verdict, state, links, package, reason.", newVerb[scriptsVerb], nil},
	{"why", "look", "All that is known about one script.", newVerb[whyVerb], nil},
	{"plan", "look", "What convert would do, and the boot order before and after.", newVerb[planVerb], nil},
	{"check", "look", "What is unsound in the boot: loops, missing providers, links that disagree with headers, upgrades that would fail. Exits 3 on findings.", newVerb[checkVerb], nil},
	{"graph", "look", "The boot as a picture: order, dependencies, what does not run.", newVerb[graphVerb], nil},
	{"convert", "change", "Disable every script that the profile names.", newVerb[convertVerb], nil},
	{"disable", "change", "Take scripts out of the boot.", newVerb[disableVerb], nil},
	{"enable", "change", "Put scripts back into the boot.", newVerb[enableVerb], nil},
	{"reapply", "change", "Disable again what an upgrade brought back.", newVerb[reapplyVerb], nil},
	{"recover", "change", "Take back what an interrupted call left half done; every other changing verb does so by itself.", newVerb[recoverVerb], nil},
	{"log", "history", "Transactions, newest first.", newVerb[logVerb], []string{`aliases:"history"`}},
	{"show", "history", "One transaction, whole.", newVerb[showVerb], []string{`aliases:"info"`}},
	{"diff", "history", "What changed between two points in time. Exits 3 on differences.", newVerb[diffVerb], nil},
	{"undo", "history", "Take back one transaction and keep the later ones.", newVerb[undoVerb], nil},
	{"redo", "history", "Make an undone transaction again.", newVerb[redoVerb], nil},
	{"rollback", "history", "Go back to the end of a transaction; 0 is before the first.", newVerb[rollbackVerb], nil},
	{"verify", "history", "Is the ledger whole: records, hash chain, contents. Exits 3 on damage.", newVerb[verifyVerb], nil},
	{"completion", "shell", "Print the script with which a shell completes bootledger's words.", newVerb[completionVerb], nil},
	{completeName, "", "", newVerb[completeVerb], []string{`hidden:""`}},
}

// newParser makes the parser of the command line. The verbs that args do not name
// are left out if some is left: for what takes milliseconds, kong takes long to
// read what all of them may be told.
func newParser(global *Global, args []string, options ...kong.Option) (parser *kong.Kong, whole bool, err error) {
	isNamed := func(v verb) bool {
		return slices.Contains(args, v.name) || slices.ContainsFunc(v.tags, func(tag string) bool {
			return slices.ContainsFunc(args, func(arg string) bool { return tag == `aliases:"`+arg+`"` })
		})
	}
	whole = !slices.ContainsFunc(verbs, isNamed) || slices.Contains(args, completeName)
	for _, v := range verbs {
		if whole || isNamed(v) {
			options = append(options, kong.DynamicCommand(v.name, v.help, v.group, v.make(), v.tags...))
		}
	}
	parser, err = kong.New(global, options...)
	return parser, whole, err
}

// Global are the options of every verb.
type Global struct {
	Root     string           `placeholder:"DIR" default:"/" help:"The guest's root directory (default: ${default})."`
	State    string           `placeholder:"FILE" default:"/var/lib/bootledger/state.db" help:"The ledger, a path inside the guest (default: ${default})."`
	Engine   string           `enum:"auto,native,insserv" default:"auto" placeholder:"WHICH" help:"auto: the guest's own insserv when run inside the guest, else native; native: run nothing of the guest; insserv: run the guest's own, on a scratch copy."`
	JSON     string           `name:"json" enum:"off,short,pretty" default:"off" placeholder:"MODE" help:"off, short (one line) or pretty."`
	NoLegend bool             `help:"No header and no closing count."`
	Color    string           `enum:"auto,always,never" default:"auto" placeholder:"WHEN" help:"auto, always or never."`
	Quiet    bool             `short:"q" help:"Say less."`
	Verbose  bool             `short:"v" help:"Say more."`
	Wait     time.Duration    `default:"10s" placeholder:"DURATION" help:"How long to wait for another bootledger or dpkg (default: ${default})."`
	Version  kong.VersionFlag `help:"Show the version."`
}

// Changing are the options of verbs that change a guest.
type Changing struct {
	DryRun      bool              `short:"n" help:"Say what would happen and change nothing, not even the ledger."`
	Comment     string            `short:"m" placeholder:"TEXT" help:"Why, for the record."`
	Label       map[string]string `placeholder:"K=V" mapsep:"none" help:"A label for the record, a ticket's number, say; repeatable."`
	Force       bool              `help:"Overwrite what somebody else changed, after recording it."`
	AssumeYes   bool              `short:"y" help:"Ask nothing."`
	ChangedExit int               `placeholder:"N" help:"Exit N instead of 0 when something was changed."`
}

// version is set by the Makefile.
var version string

// versionLine is what --version prints: without the Makefile, what Go knows of
// how the binary was built.
func versionLine() string {
	if version != "" {
		return "bootledger " + version
	}
	if build, ok := debug.ReadBuildInfo(); ok && build.Main.Version != "" {
		return "bootledger " + build.Main.Version
	}
	return "bootledger (devel)"
}
