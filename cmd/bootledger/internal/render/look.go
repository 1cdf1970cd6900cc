package render

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/fatih/color"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/snapshot"
	"github.com/bootledger/bootledger/state"
)

// timeLayout is how a time is shown to people; it is always UTC.
const timeLayout = "2006-01-02 15:04:05"

// Status shows how a guest stands to its ledger.
func (v *View) Status(s *snapshot.Status) error {
	if v.format.JSON {
		out := statusJSON{
			Scheme: string(s.Detection.Scheme), InSync: len(s.Drift) == 0, Intents: len(s.Intents), Kept: keptList(s.Kept),
			Drift: []driftJSON{}, Interrupted: s.Interrupted,
		}
		for _, d := range s.Drift {
			out.Drift = append(out.Drift, driftJSON{Script: d.Script, Kind: d.Kind, Package: d.Package, Path: d.Path, Line: d.Line, Edit: d.Edit})
		}
		if s.Last != nil {
			last := logEntry(*s.Last)
			out.Last = &last
		}
		return v.json(out)
	}
	v.say("     Scheme: %s, %s", s.Detection.Scheme, s.Detection.Reason)
	v.say("    Release: %s", cmp.Or(s.Detection.Release, "unknown"))
	v.say("    Intents: %s disabled", plural(len(s.Intents), "script stays", "scripts stay"))
	for _, k := range s.Kept {
		v.say("       Kept: %s, %s", quote(k.Script), keptBy(k))
	}
	switch {
	case len(s.Drift) > 0:
		v.say("      Drift: %s", v.tint(drifted(s.Drift), color.FgRed))
	case len(s.Intents) > 0:
		v.say("      Drift: %s", v.tint("none", color.FgGreen))
	}
	if s.Last != nil {
		v.say("       Last: transaction %d, %s by %s on %s UTC", s.Last.ID, s.Last.Kind, who(s.Last.Actor), s.Last.Time.UTC().Format(timeLayout))
	} else {
		v.say("       Last: no transaction yet")
	}
	if s.Interrupted > 0 {
		v.say("Interrupted: %s", v.tint(fmt.Sprintf("transaction %d is half done, bootledger recover takes it back", s.Interrupted), color.FgRed))
	}
	if len(s.Drift) == 0 {
		return nil
	}
	v.say("")
	var rows [][]string
	for _, d := range s.Drift {
		if d.Kind == snapshot.EditUndone {
			place := quote(d.Path)
			if d.Line > 0 {
				place += fmt.Sprintf(":%d", d.Line)
			}
			rows = append(rows, []string{"-", d.Kind, "-", place})
			continue
		}
		rows = append(rows, []string{quote(d.Script), d.Kind, cmp.Or(d.Package, "-"), quote(d.Path)})
	}
	if err := v.table([]string{"SCRIPT", "DRIFT", "PACKAGE", "PATH"}, rows); err != nil {
		return err
	}
	if v.format.Legend {
		hint := "bootledger reapply disables them again"
		if slices.ContainsFunc(s.Drift, func(d snapshot.Drift) bool { return d.Kind == snapshot.New }) {
			hint += ", with --new also those that are new"
		}
		v.say("\n%s", hint)
	}
	return nil
}

// drifted says how much differs.
func drifted(drift []snapshot.Drift) string {
	lines := 0
	for _, d := range drift {
		if d.Kind == snapshot.EditUndone {
			lines++
		}
	}
	var parts []string
	if n := len(drift) - lines; n > 0 {
		parts = append(parts, plural(n, "script differs", "scripts differ")+" from the ledger")
	}
	if lines > 0 {
		parts = append(parts, plural(lines, "edit of a file is undone", "edits of files are undone"))
	}
	return strings.Join(parts, ", ")
}

func who(a state.Actor) string {
	name := cmp.Or(a.User, strconv.Itoa(a.UID))
	if a.SudoUser != "" {
		name += " (" + a.SudoUser + ")"
	}
	return name
}

// Scheme shows a guest's boot scheme and how it was told.
func (v *View) Scheme(d boot.Detection) error {
	if v.format.JSON {
		out := schemeJSON{Scheme: string(d.Scheme), Release: d.Release, Reason: d.Reason, Evidence: []evidenceJSON{}}
		for _, e := range d.Evidence {
			out.Evidence = append(out.Evidence, evidenceJSON(e))
		}
		return v.json(out)
	}
	v.say("%s: %s", d.Scheme, d.Reason)
	if d.Release != "" {
		v.say("release %s", d.Release)
	}
	v.say("")
	var rows [][]string
	for _, e := range d.Evidence {
		rows = append(rows, []string{quote(e.Path), e.Fact})
	}
	return v.table([]string{"PATH", "FACT"}, rows)
}

// Scripts lists scripts with their verdicts.
func (v *View) Scripts(scripts []snapshot.ScriptState) error {
	if v.format.JSON {
		out := []scriptJSON{}
		for _, s := range scripts {
			out = append(out, scriptOf(s))
		}
		return v.json(out)
	}
	var rows [][]string
	disabled := 0
	for _, s := range scripts {
		script := scriptOf(s)
		status := "enabled"
		if !script.Enabled {
			status = "off"
		}
		if s.Intent != nil {
			disabled++
			status = fmt.Sprintf("disabled by %d", script.Intent)
			if script.Enabled {
				status = fmt.Sprintf("enabled against %d", script.Intent)
			}
		}
		reason := script.Reason
		if s.Kept != nil {
			reason = "kept: " + keptBy(*s.Kept)
		}
		rows = append(rows, []string{
			quote(script.Name), script.Verdict, status, runlevels(s.Links), cmp.Or(script.Package, "-"), reason,
		})
	}
	if err := v.table([]string{"SCRIPT", "VERDICT", "STATE", "LINKS", "PACKAGE", "REASON"}, rows); err != nil {
		return err
	}
	v.count(len(scripts), "script", fmt.Sprintf("scripts, %d of them disabled by a transaction", disabled))
	return nil
}

func scriptOf(s snapshot.ScriptState) scriptJSON {
	out := scriptJSON{
		Name: s.Name, Verdict: cmp.Or(string(s.Rule.Verdict), "none"), Reason: s.Rule.Reason, Enabled: s.Enabled,
		Start: levels(s.Links, lsb.Start), Stop: levels(s.Links, lsb.Stop), Sequence: map[string]int{}, Package: s.Package,
	}
	for _, link := range s.Links {
		if _, started := out.Sequence[link.Runlevel.String()]; !started || link.Action == lsb.Start {
			out.Sequence[link.Runlevel.String()] = link.Sequence
		}
	}
	if s.Intent != nil {
		out.Intent = s.Intent.Transaction
	}
	if s.Kept != nil {
		kept := keptOf(*s.Kept)
		out.Kept = &kept
	}
	return out
}

// runlevels puts links in few letters: "S:03 0:K02 6:K02".
func runlevels(links []lsb.Link) string {
	var words []string
	for _, level := range lsb.AllRunlevels {
		for _, link := range links {
			if link.Runlevel == level {
				words = append(words, fmt.Sprintf("%s:%c%02d", level, link.Action, link.Sequence))
			}
		}
	}
	return cmp.Or(strings.Join(words, " "), "-")
}

// Why shows all that is known about a script.
func (v *View) Why(w *snapshot.Why) error {
	if v.format.JSON {
		out := whyJSON{scriptJSON: scriptOf(w.ScriptState), Source: strings.Join(w.Rule.Sources, "; "), Version: w.Version, Events: []logJSON{}}
		for _, event := range w.Events {
			out.Events = append(out.Events, logEntry(event))
		}
		return v.json(out)
	}
	script := scriptOf(w.ScriptState)
	v.say(" Script: %s", quote(w.Name))
	v.say("Verdict: %s", script.Verdict)
	if script.Reason != "" {
		v.say(" Reason: %s", script.Reason)
		label := " Source:"
		for _, source := range w.Rule.Sources {
			v.say("%s %s", label, source)
			label = "        "
		}
	}
	if w.Kept != nil {
		v.say("   Kept: %s", keptBy(*w.Kept))
	}
	v.say("  Links: %s", runlevels(w.Links))
	v.say("Package: %s", cmp.Or(strings.TrimSpace(w.Package+" "+w.Version), "none"))
	if w.Intent != nil {
		v.say(" Intent: stays disabled since transaction %d: %s", w.Intent.Transaction, w.Intent.Reason)
	} else {
		v.say(" Intent: none")
	}
	if len(w.Events) == 0 {
		return nil
	}
	v.say("")
	return v.logTable(w.Events)
}

// Plan shows what a conversion would do.
func (v *View) Plan(scheme boot.Scheme, r *snapshot.Result) error {
	if v.format.JSON {
		return v.json(planJSON{
			Scheme: string(scheme), Operations: list(r.Operations), Kept: keptList(r.Kept), Warnings: list(r.Warnings),
			Order: orderPairJSON{Before: orderLists(r.OrderBefore), After: orderLists(r.OrderAfter)},
		})
	}
	v.kept(r.Kept)
	if len(r.Operations) == 0 {
		v.say("nothing to do")
		return nil
	}
	v.say("Operations:")
	for _, op := range r.Operations {
		v.say("  %s", sentence(op))
	}
	v.say("\nOrder, with what goes in brackets:")
	v.planOrder(r)
	return nil
}

// planOrder shows the order of each runlevel before and after. Runlevels with
// the same order share a line.
func (v *View) planOrder(r *snapshot.Result) {
	var lines []clean
	levels := map[clean][]string{}
	for _, level := range lsb.AllRunlevels {
		before, after := r.OrderBefore[level], r.OrderAfter[level]
		if len(before)+len(after) == 0 {
			continue
		}
		var kept []string
		var line clean
		for _, name := range before {
			if slices.Contains(after, name) {
				kept = append(kept, name)
				line += clean(" " + quote(name))
			} else {
				line += " " + v.tint("["+quote(name)+"]", color.FgRed)
			}
		}
		if !slices.Equal(kept, after) {
			line += clean("\n    becomes " + quoteAll(after))
		}
		if levels[line] == nil {
			lines = append(lines, line)
		}
		levels[line] = append(levels[line], level.String())
	}
	for _, line := range lines {
		v.say("  %s:%s", strings.Join(levels[line], " "), line)
	}
}

// Log lists transactions.
func (v *View) Log(log []snapshot.Logged) error {
	if v.format.JSON {
		out := []logJSON{}
		for _, l := range log {
			out = append(out, logEntry(l))
		}
		return v.json(out)
	}
	if len(log) == 0 {
		v.say("no transactions")
		return nil
	}
	if err := v.logTable(log); err != nil {
		return err
	}
	v.count(len(log), "transaction", "transactions")
	return nil
}

func (v *View) logTable(log []snapshot.Logged) error {
	var rows [][]string
	for _, l := range log {
		rows = append(rows, []string{
			strconv.FormatUint(l.ID, 10), l.Time.UTC().Format(timeLayout), string(l.Kind), l.State, who(l.Actor),
			strconv.Itoa(len(l.Scripts)), l.Comment,
		})
	}
	return v.table([]string{"ID", "TIME (UTC)", "KIND", "STATE", "BY", "SCRIPTS", "COMMENT"}, rows)
}

// Show shows one transaction, whole.
func (v *View) Show(l *snapshot.Logged) error {
	if v.format.JSON {
		return v.json(showJSON{
			logJSON: logEntry(*l), Scheme: l.Scheme, Error: l.Error, Operations: list(l.Operations), Changes: list(l.Changes),
			Decisions: list(l.Decisions), ParentHash: l.ParentHash, Packages: list(l.Packages),
			TakesBack: list(l.TakesBack), MakesAgain: list(l.MakesAgain), Warnings: list(l.Warnings),
		})
	}
	v.say("Transaction: %d, %s, %s", l.ID, l.Kind, l.State)
	if l.Error != "" {
		v.say("      Error: %s", l.Error)
	}
	v.say("       Time: %s UTC", l.Time.UTC().Format(timeLayout))
	v.say("         By: %s on %s: %s", who(l.Actor), quote(l.Actor.Host), strings.Join(l.Actor.Argv, " "))
	if l.Comment != "" {
		v.say("    Comment: %s", l.Comment)
	}
	for _, key := range slices.Sorted(maps.Keys(l.Labels)) {
		v.say("      Label: %s=%s", key, l.Labels[key])
	}
	v.say("     Scheme: %s", l.Scheme)
	v.say("    Scripts: %s", quoteAll(l.Scripts))
	v.say("       Hash: %s", l.Hash)
	for _, p := range l.Packages {
		v.say("    Package: %s %s -> %s", quote(p.Name), cmp.Or(p.Before, "none"), cmp.Or(p.After, "none"))
	}
	for _, warning := range l.Warnings {
		v.say("    Warning: %s", warning)
	}
	v.say("\nOperations:")
	for _, op := range l.Operations {
		v.say("  %s", sentence(op))
		for line := range strings.Lines(op.Stdout + op.Stderr) {
			v.say("    | %s", strings.TrimRight(line, "\n"))
		}
	}
	v.say("\nChanges:")
	for _, change := range l.Changes {
		v.say("  %s", changeLine(change))
	}
	return nil
}

func quoteAll(names []string) string {
	quoted := make([]string, 0, len(names))
	for _, name := range names {
		quoted = append(quoted, quote(name))
	}
	return cmp.Or(strings.Join(quoted, " "), "none")
}

// sentence tells an operation in words.
func sentence(op state.Operation) string {
	text := op.Op
	switch op.Op {
	case "move_link":
		text = fmt.Sprintf("move link %s to %s", quote(op.Path), quote(op.To))
	case "insserv":
		text = fmt.Sprintf("insserv %s (%s)", quoteAll(op.Args), op.Engine)
	case "write_file":
		text = "write " + quote(op.Path)
	case "remove_file":
		text = "remove " + quote(op.Path)
	case "park_script":
		text = fmt.Sprintf("park script %s in %s", quote(op.Path), quote(op.To))
	case "edit_file":
		text = edited(op)
	case "restore":
		text = "restore " + quote(op.Path)
	}
	if op.How != "" {
		text += ", " + map[string]string{"exact": "exactly as it was", "decision": "by decision"}[op.How]
	}
	return text
}

// edited tells what became of a line.
func edited(op state.Operation) string {
	switch {
	case op.To != "":
		return fmt.Sprintf("make %s a link to %s: %s", quote(op.Path), quote(op.To), op.Reason)
	case op.Before == "" && op.After == "": // more than one line
		return "edit " + quote(op.Path)
	case op.Before == "":
		return fmt.Sprintf("edit %s:%d, add %s: %s", quote(op.Path), op.Line, strconv.Quote(op.After), op.Reason)
	}
	return fmt.Sprintf("edit %s:%d, take out %s: %s", quote(op.Path), op.Line, strconv.Quote(op.Before), op.Reason)
}

// changeLine tells a change in a line: + came, - went, ~ became another.
func changeLine(change state.Change) string {
	switch {
	case change.Before == nil:
		return "+ " + quote(change.Path) + describe(change.After)
	case change.After == nil:
		return "- " + quote(change.Path) + describe(change.Before)
	}
	return "~ " + quote(change.Path) + describe(change.Before) + " ->" + describe(change.After)
}

func describe(e *state.Entry) string {
	switch e.Type {
	case "symlink":
		return " -> " + quote(e.Target)
	case "file":
		return fmt.Sprintf(" (file, %s, %d bytes)", e.Mode, e.Size)
	}
	return fmt.Sprintf(" (%s, %s)", e.Type, e.Mode)
}
