package main

import (
	"runtime/debug"
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

// grammar is the whole command line.
type grammar struct {
	Global

	Status  statusVerb  `cmd:"" default:"1" group:"look" help:"Scheme, standing intents, drift, last transaction. Exits 3 on drift."`
	Scheme  schemeVerb  `cmd:"" group:"look" help:"Which boot scheme the guest has, and by which evidence."`
	Scripts scriptsVerb `cmd:"" group:"look" help:"Every script: verdict, state, links, package, reason."`
	Why     whyVerb     `cmd:"" group:"look" help:"All that is known about one script."`
	Plan    planVerb    `cmd:"" group:"look" help:"What convert would do, and the boot order before and after."`
	Check   checkVerb   `cmd:"" group:"look" help:"What is unsound in the boot: loops, missing providers, links that disagree with headers, upgrades that would fail. Exits 3 on findings."`
	Graph   graphVerb   `cmd:"" group:"look" help:"The boot as a picture: order, dependencies, what does not run."`

	Convert convertVerb `cmd:"" group:"change" help:"Disable every script that the profile names."`
	Disable disableVerb `cmd:"" group:"change" help:"Take scripts out of the boot."`
	Enable  enableVerb  `cmd:"" group:"change" help:"Put scripts back into the boot."`
	Reapply reapplyVerb `cmd:"" group:"change" help:"Disable again what an upgrade brought back."`
	Recover recoverVerb `cmd:"" group:"change" help:"Take back what an interrupted call left half done; every other changing verb does so by itself."`

	Log      logVerb      `cmd:"" aliases:"history" group:"history" help:"Transactions, newest first."`
	Show     showVerb     `cmd:"" aliases:"info" group:"history" help:"One transaction, whole."`
	Diff     diffVerb     `cmd:"" group:"history" help:"What changed between two points in time. Exits 3 on differences."`
	Undo     undoVerb     `cmd:"" group:"history" help:"Take back one transaction and keep the later ones."`
	Redo     redoVerb     `cmd:"" group:"history" help:"Make an undone transaction again."`
	Rollback rollbackVerb `cmd:"" group:"history" help:"Go back to the end of a transaction; 0 is before the first."`
	Verify   verifyVerb   `cmd:"" group:"history" help:"Is the ledger whole: records, hash chain, contents. Exits 3 on damage."`

	Completion completionVerb `cmd:"" group:"shell" help:"Print the script with which a shell completes bootledger's words."`
	Complete   completeVerb   `cmd:"" name:"__complete" hidden:""`
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
