package render

import (
	"cmp"

	"github.com/bootledger/bootledger/snapshot"
)

type findingJSON struct {
	Kind    string          `json:"kind"`
	Script  string          `json:"script"`
	Package string          `json:"package"`
	Line    *headerLineJSON `json:"line"`
	Message string          `json:"message"`
}

type headerLineJSON struct {
	Number int    `json:"number"`
	Text   string `json:"text"`
}

// Check lists what is unsound in a guest's boot.
func (v *View) Check(findings []snapshot.Finding) error {
	if v.format.JSON {
		out := []findingJSON{}
		for _, f := range findings {
			out = append(out, findingJSON{
				Kind: f.Kind, Script: f.Script, Package: f.Package, Message: f.Message, Line: (*headerLineJSON)(f.Line),
			})
		}
		return v.json(out)
	}
	if len(findings) == 0 {
		v.say("no findings")
		return nil
	}
	var rows [][]string
	for _, f := range findings {
		script := "-"
		if f.Script != "" {
			script = quote(f.Script)
		}
		rows = append(rows, []string{f.Kind, script, cmp.Or(f.Package, "-"), f.Message})
	}
	if err := v.table([]string{"FINDING", "SCRIPT", "PACKAGE", "MESSAGE"}, rows); err != nil {
		return err
	}
	v.count(len(findings), "finding", "findings")
	return nil
}
