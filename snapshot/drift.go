package snapshot

import (
	"context"
	"slices"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/profile"
	"github.com/bootledger/bootledger/state"
)

// The kinds of drift.
const (
	ReEnabled = "re_enabled" // an intent says off, the boot runs the script
	New       = "new"        // came since the conversion, and the profile names it
)

// Drift is one script at which the guest's boot differs from what the ledger
// says.
type Drift struct {
	Script  string
	Kind    string
	Package string // that owns the script, empty if none does
	Path    string // a link that runs it
}

// Status is how a guest stands to its ledger.
type Status struct {
	Detection   boot.Detection
	Intents     []state.Intent
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
	status := &Status{Detection: s.configuration.Detection, Intents: intents, Drift: drift}
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
// came since the last conversion and that its profile names.
func (s *Session) Drift() ([]Drift, error) {
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
		kind := ""
		switch {
		case !s.runs(script):
		case intents[script] != nil:
			kind = ReEnabled
		case slices.Contains(fresh, script):
			kind = New
		}
		if kind == "" {
			continue
		}
		path := boot.InitDir + "/" + script
		owner, _ := s.packages.Owner(path)
		if links := linksOf(s.configuration.Tree, script); len(links) > 0 {
			path = links[0].Path()
		}
		drift = append(drift, Drift{Script: script, Kind: kind, Package: owner, Path: path})
	}
	return drift, nil
}

// fresh lists the scripts that the guest has and did not have at its last
// conversion, that the profile names at that conversion's level, and about
// which nothing was decided since.
func (s *Session) fresh() ([]string, error) {
	transactions, err := s.ledger.Transactions()
	if err != nil {
		return nil, err
	}
	taken := undone(transactions)
	var fresh []string
	for i, t := range slices.Backward(transactions) {
		if t.Kind != state.Convert || t.Outcome != state.Committed || taken[t.ID] {
			continue
		}
		then, err := s.ledger.Manifest(t.After)
		if err != nil {
			return nil, err
		}
		decided := standingAt(transactions[i:], ^uint64(0))
		for _, script := range s.configuration.Scripts {
			_, old := then.Entries[boot.InitDir+"/"+script.Name]
			_, known := decided[script.Name]
			if rule, named := s.rule(script.Name); !old && !known && named && profile.Level(t.Level).Includes(rule.Verdict) {
				fresh = append(fresh, script.Name)
			}
		}
		break
	}
	return fresh, nil
}

// Reapply disables again what runs against a standing intent, and with
// includeNew what came since the conversion and the profile names.
func (s *Session) Reapply(ctx context.Context, includeNew bool, c Changing) (*Result, error) {
	drift, err := s.Drift()
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
		if script.Kind == New && !includeNew {
			d.warn("%s of package %s is new and the profile names it: reapply --new disables it too", script.Script, script.Package)
			continue
		}
		rule, _ := s.rule(script.Script)
		wanted = append(wanted, intention{script: script.Script, reason: rule.Reason})
	}
	if err := s.disableByIntent(ctx, d, method, c.Force, wanted, intents); err != nil {
		return nil, err
	}
	return s.apply(d, c)
}
