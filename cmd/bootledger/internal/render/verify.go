package render

import (
	"cmp"

	"github.com/bootledger/bootledger/snapshot"
)

type verifyJSON struct {
	OK           bool          `json:"ok"`
	Transactions int           `json:"transactions"`
	Blobs        int           `json:"blobs"`
	Head         string        `json:"head"`
	Differing    int           `json:"differing"`
	Problems     []problemJSON `json:"problems"`
}

type problemJSON struct {
	Kind    string `json:"kind"`
	Where   string `json:"where"`
	Message string `json:"message"`
}

// Verify tells whether a ledger holds what was written to it.
func (v *View) Verify(found *snapshot.Verification) error {
	if v.format.JSON {
		out := verifyJSON{
			OK: len(found.Problems) == 0, Transactions: found.Transactions, Blobs: found.Blobs, Head: found.Head,
			Differing: found.Differing, Problems: []problemJSON{},
		}
		for _, p := range found.Problems {
			out.Problems = append(out.Problems, problemJSON(p))
		}
		return v.json(out)
	}
	if len(found.Problems) == 0 {
		v.say("the ledger is sound: %s, %s", plural(found.Transactions, "transaction", "transactions"), plural(found.Blobs, "content of a file", "contents of files"))
		v.say("head: %s", cmp.Or(found.Head, "none"))
		if found.Differing > 0 {
			v.say("the guest was changed since at %s: bootledger diff shows them", plural(found.Differing, "path", "paths"))
		}
		return nil
	}
	var rows [][]string
	for _, p := range found.Problems {
		rows = append(rows, []string{p.Kind, p.Where, p.Message})
	}
	if err := v.table([]string{"PROBLEM", "WHERE", "MESSAGE"}, rows); err != nil {
		return err
	}
	v.count(len(found.Problems), "problem", "problems")
	return nil
}
