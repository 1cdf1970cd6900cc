package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fatih/color"

	"github.com/bootledger/bootledger/snapshot"
)

// Result shows what a changing verb did, or would do.
func (v *View) Result(r *snapshot.Result) error {
	if v.format.JSON {
		return v.json(resultJSON{
			Transaction: r.Transaction, Kind: string(r.Kind), DryRun: r.DryRun, Scripts: list(r.Scripts),
			Operations: list(r.Operations), Changes: list(r.Changes),
			TakesBack: list(r.TakesBack), MakesAgain: list(r.MakesAgain), Kept: keptList(r.Kept), Warnings: list(r.Warnings),
		})
	}
	if v.format.Quiet {
		return nil
	}
	v.kept(r.Kept)
	if len(r.Changes) == 0 && len(r.Decisions) == 0 && len(r.TakesBack) == 0 {
		v.say("nothing to do")
		return nil
	}
	off, on := settled(r)
	for _, line := range []struct {
		label   string
		scripts []string
	}{
		{"disabled", r.Disabled},
		{"enabled", r.Enabled},
		{"off already", off},
		{"on already", on},
	} {
		if len(line.scripts) > 0 {
			v.say("%s: %s", line.label, quoteAll(line.scripts))
		}
	}
	if len(r.TakesBack) > 0 {
		v.say("takes back %s", ids(r.TakesBack))
	}
	if len(r.MakesAgain) > 0 {
		v.say("makes %s again", ids(r.MakesAgain))
	}
	v.operations(r)
	what := plural(len(r.Decisions), "script", "scripts") + ", " + plural(len(r.Changes), "path", "paths") + " changed"
	if r.DryRun {
		v.say("dry run, nothing was changed: %s would be: %s", r.Kind, strings.TrimSuffix(what, " changed"))
	} else {
		v.say("%s", v.tint(fmt.Sprintf("transaction %d: %s, %s", r.Transaction, r.Kind, what), color.FgGreen))
	}
	return nil
}

// operations lists what was done, or would be, when asked for; restored paths
// are counted, since there may be hundreds.
func (v *View) operations(r *snapshot.Result) {
	restored := 0
	for _, op := range r.Operations {
		switch {
		case v.format.Verbose || r.DryRun && op.Op != "restore":
			v.say("  %s", sentence(op))
		case op.Op == "restore":
			restored++
		}
	}
	if restored > 0 {
		v.say("%s back exactly as before", plural(restored, "path is", "paths are"))
	}
	if v.format.Verbose {
		for _, change := range r.Changes {
			v.say("  %s", changeLine(change))
		}
	}
}

// settled lists scripts that were decided to be off, or not to be off any more,
// and that the guest's boot had so already.
func settled(r *snapshot.Result) (off, on []string) {
	for _, d := range r.Decisions {
		switch {
		case d.After != nil && d.Before == nil && !slices.Contains(r.Disabled, d.Script):
			off = append(off, d.Script)
		case d.After == nil && d.Before != nil && !slices.Contains(r.Enabled, d.Script):
			on = append(on, d.Script)
		}
	}
	return off, on
}

// ids lists transactions, newest first.
func ids(list []uint64) string {
	newest := slices.Clone(list)
	slices.SortFunc(newest, func(a, b uint64) int { return int(int64(b) - int64(a)) })
	var words []string
	for _, id := range newest {
		words = append(words, fmt.Sprint(id))
	}
	return strings.Join(words, ", ")
}
