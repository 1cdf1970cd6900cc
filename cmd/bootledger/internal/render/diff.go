package render

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"github.com/fatih/color"

	"github.com/bootledger/bootledger/snapshot"
)

// Parts says which parts of a difference to show.
type Parts struct {
	Order bool // boot order only
	Files bool // file contents only
}

// Diff shows what changed between two points in time.
func (v *View) Diff(d *snapshot.Difference, parts Parts) error {
	all := parts == Parts{}
	if v.format.JSON {
		return v.json(diffOf(d, parts))
	}
	if v.format.Quiet || d.Empty() {
		return nil
	}
	if all {
		if err := v.diffScripts(d); err != nil {
			return err
		}
		for _, link := range d.Links {
			v.patchLine(changeLine(link.Change))
		}
	}
	if all || parts.Files {
		for _, file := range d.Files {
			v.patchLine(changeLine(file.Change))
			for line := range strings.Lines(patch(file)) {
				v.patchLine(strings.TrimRight(line, "\n"))
			}
		}
	}
	if all || parts.Order {
		return v.diffOrder(d, parts.Order)
	}
	return nil
}

func (v *View) diffScripts(d *snapshot.Difference) error {
	var rows [][]string
	for _, s := range d.Scripts {
		version := cmp.Or(s.Package.After, s.Package.Before)
		if s.Package.Before != s.Package.After {
			version = cmp.Or(s.Package.Before, "none") + " -> " + cmp.Or(s.Package.After, "none")
		}
		rows = append(rows, []string{quote(s.Name), s.Change, strings.TrimSpace(cmp.Or(s.Package.Name, "-") + " " + version)})
	}
	if err := v.table([]string{"SCRIPT", "CHANGE", "PACKAGE"}, rows); err != nil {
		return err
	}
	if len(rows) > 0 {
		v.say("")
	}
	return nil
}

// diffOrder lists scripts that changed places; with numbers also those whose
// number alone changed. Runlevels with the same change share a row.
func (v *View) diffOrder(d *snapshot.Difference, numbers bool) error {
	var rows [][]string
	moved, renumbered := map[string]bool{}, map[string]bool{}
	rowOf := map[string]int{}
	for _, o := range d.Order {
		what := "renumbered"
		if o.Reordered {
			what = "reordered"
			moved[o.Script] = true
		} else {
			renumbered[o.Script] = true
		}
		if !o.Reordered && !numbers {
			continue
		}
		row := []string{o.Runlevel.String(), quote(o.Script), strconv.Itoa(o.Before), strconv.Itoa(o.After), what}
		key := strings.Join(row[1:], " ")
		if i, known := rowOf[key]; known {
			rows[i][0] += " " + row[0]
			continue
		}
		rowOf[key] = len(rows)
		rows = append(rows, row)
	}
	for script := range moved {
		delete(renumbered, script)
	}
	if err := v.table([]string{"RUNLEVELS", "SCRIPT", "BEFORE", "AFTER", "CHANGE"}, rows); err != nil {
		return err
	}
	if v.format.Legend {
		v.say("%d reordered, %d only renumbered", len(moved), len(renumbered))
	}
	return nil
}

func (v *View) patchLine(line string) {
	switch {
	case strings.HasPrefix(line, "+"):
		v.say("%s", v.tint(line, color.FgGreen))
	case strings.HasPrefix(line, "-"):
		v.say("%s", v.tint(line, color.FgRed))
	case strings.HasPrefix(line, "@@"):
		v.say("%s", v.tint(line, color.FgCyan))
	default:
		v.say("%s", line)
	}
}

// patch gives the unified diff of a file's contents, empty if they are no text
// or the same.
func patch(f snapshot.FileChange) string {
	if !f.IsText() {
		return ""
	}
	return udiff.Unified("a"+f.Change.Path, "b"+f.Change.Path, string(f.Before), string(f.After))
}

func diffOf(d *snapshot.Difference, parts Parts) diffJSON {
	all := parts == Parts{}
	out := diffJSON{
		From: d.From, To: d.To, Links: []linkChangeJSON{}, Files: []fileChangeJSON{},
		Order: []orderChangeJSON{}, Scripts: []scriptChangeJSON{},
	}
	if all {
		for _, l := range d.Links {
			out.Links = append(out.Links, linkChangeJSON{l.Change.Path, l.Change.Before, l.Change.After, l.Script})
		}
		for _, s := range d.Scripts {
			out.Scripts = append(out.Scripts, scriptChangeJSON{s.Name, s.Change, s.Package.Name, versionJSON{s.Package.Before, s.Package.After}})
		}
	}
	if all || parts.Files {
		for _, f := range d.Files {
			out.Files = append(out.Files, fileChangeJSON{f.Change.Path, patch(f), f.Change.Before, f.Change.After})
		}
	}
	if all || parts.Order {
		for _, o := range d.Order {
			out.Order = append(out.Order, orderChangeJSON{o.Runlevel.String(), o.Script, o.Before, o.After, o.Reordered})
		}
	}
	return out
}
