package snapshot

import (
	"context"
	"fmt"
	"slices"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/profile"
	"github.com/bootledger/bootledger/state"
)

// The kinds of drift.
const (
	ReEnabled = "re_enabled" // an intent says off, the boot runs the script
	New       = "new"        // came since the conversion, and the profile names it
	// EditUndone: a line of a text file is as it was before a conversion edited
	// it, or one that is new needs the same edit.
	EditUndone = "edit_undone"
)

// Drift is one script, or one line of a text file, at which the guest's boot
// differs from what the ledger says.
type Drift struct {
	Script  string // empty for a line
	Kind    string
	Package string // that owns the script, empty if none does
	Path    string // a link that runs it, or the file that has the line
	Line    int    // the line's number, 0 for a script
	Edit    string // which edit of the profile it needs, empty for a script

	rule profile.Rule // of the profile that names it
}

// Status is how a guest stands to its ledger.
type Status struct {
	Detection   boot.Detection
	Intents     []state.Intent
	Kept        []profile.Kept // the guest's keep list
	Drift       []Drift
	Last        *Logged // the last transaction, nil if there is none
	Interrupted uint64  // a transaction that is half done, 0 if none
}

// Status compares the guest with the ledger.
func (s *Session) Status() (*Status, error) {
	drift, err := s.Drift()
	if err != nil {
		return nil, err
	}
	intents, err := s.ledger.Intents()
	if err != nil {
		return nil, err
	}
	status := &Status{Detection: s.configuration.Detection, Intents: intents, Kept: s.Kept(), Drift: drift}
	log, err := s.Log(LogFilter{Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(log) > 0 {
		status.Last = &log[0]
	}
	pending, err := s.ledger.Pending()
	if pending != nil {
		status.Interrupted = pending.ID
	}
	return status, err
}

// Drift lists the scripts that run against a standing intent, and those that
// came since the last conversion and that its profile names. The guest's keep
// list is stronger than both.
func (s *Session) Drift() ([]Drift, error) {
	drift, err := s.unlisted()
	return slices.DeleteFunc(drift, func(d Drift) bool {
		_, kept := s.kept[d.Script]
		return kept
	}), err
}

// unlisted is Drift without regard to the keep list.
func (s *Session) unlisted() ([]Drift, error) {
	intents, err := s.intents()
	if err != nil {
		return nil, err
	}
	fresh, err := s.fresh()
	if err != nil {
		return nil, err
	}
	var drift []Drift
	for _, script := range s.scriptNames() {
		rule, _ := s.rule(script)
		kind := ""
		switch newRule, isNew := fresh[script]; {
		case !s.runs(script):
		case intents[script] != nil:
			kind = ReEnabled
		case isNew:
			kind, rule = New, newRule
		}
		if kind == "" {
			continue
		}
		path := boot.InitDir + "/" + script
		owner, _ := s.packages.Owner(path)
		if links := linksOf(s.configuration.Tree, script); len(links) > 0 {
			path = links[0].Path()
		}
		drift = append(drift, Drift{Script: script, Kind: kind, Package: owner, Path: path, rule: rule})
	}
	lines, err := s.editDrift()
	return append(drift, lines...), err
}

// fresh lists the scripts that the guest has and did not have at its last
// conversion, that the profile names at that conversion's level, and about
// which nothing was decided since, with the profile's rules.
func (s *Session) fresh() (map[string]profile.Rule, error) {
	transactions, err := s.ledger.Transactions()
	if err != nil {
		return nil, err
	}
	taken := undone(transactions)
	fresh := map[string]profile.Rule{}
	for i, t := range slices.Backward(transactions) {
		if t.Kind != state.Convert || t.Outcome != state.Committed || taken[t.ID] {
			continue
		}
		then, err := s.ledger.Manifest(t.After)
		if err != nil {
			return nil, err
		}
		followed, err := s.followed(t)
		if err != nil { // it may have been a file elsewhere: the rest of the guest can still be looked at
			s.configuration.Warnings = append(s.configuration.Warnings,
				fmt.Sprintf("the profile of transaction %d is gone, new scripts are not looked for: %v", t.ID, err))
			break
		}
		decided := standingAt(transactions[i:], ^uint64(0))
		for _, script := range s.configuration.Scripts {
			_, old := then.Entries[boot.InitDir+"/"+script.Name]
			_, known := decided[script.Name]
			if rule, named := s.ruleOf(followed, script.Name); !old && !known && named && profile.Level(t.Level).Includes(rule.Verdict) {
				fresh[script.Name] = rule
			}
		}
		break
	}
	return fresh, nil
}

// followed gives the profile that a conversion followed.
func (s *Session) followed(t state.Transaction) (profile.Profile, error) {
	if t.Profile == "" || t.Profile == s.options.Profile.Name || s.options.LoadProfile == nil {
		return s.options.Profile, nil
	}
	return s.options.LoadProfile(t.Profile)
}

// Reapply disables again what runs against a standing intent, and with
// includeNew what came since the conversion and the profile names.
func (s *Session) Reapply(ctx context.Context, includeNew bool, c Changing) (*Result, error) {
	drift, err := s.unlisted()
	if err != nil {
		return nil, err
	}
	intents, err := s.intents()
	if err != nil {
		return nil, err
	}
	method, err := s.method("")
	if err != nil {
		return nil, err
	}
	d := s.newDraft(state.Reapply)
	var wanted []intention
	for _, script := range drift {
		if script.Kind == EditUndone {
			continue
		}
		if s.keeps(d, script.Script) {
			continue
		}
		if script.Kind == New && !includeNew {
			d.warn("%s of package %s is new and the profile names it: reapply --new disables it too", script.Script, script.Package)
			continue
		}
		wanted = append(wanted, intention{script: script.Script, reason: script.rule.Reason})
	}
	if err := s.disableByIntent(ctx, d, method, c.Force, wanted, intents); err != nil {
		return nil, err
	}
	standing, err := s.standingEdits()
	if err != nil {
		return nil, err
	}
	d.edit(standing)
	return s.apply(d, c)
}
