package snapshot

import (
	"slices"
	"time"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/profile"
	"github.com/bootledger/bootledger/state"
)

// undoneState is the State of a transaction that was taken back.
const undoneState = "undone"

// Logged is a transaction with what became of it.
type Logged struct {
	state.Transaction
	State string // committed, undone or interrupted
}

// LogFilter picks transactions. Its zero value picks all.
type LogFilter struct {
	Limit  int               // at most so many, the newest; 0 for all
	Script string            // only those about this script
	Since  time.Time         // only those not older
	Labels map[string]string // only those that bear all of these
}

// Log lists transactions, newest first.
func (s *Session) Log(f LogFilter) ([]Logged, error) {
	transactions, err := s.ledger.Transactions()
	if err != nil {
		return nil, err
	}
	taken := undone(transactions)
	log := []Logged{}
	for _, t := range slices.Backward(transactions) {
		if f.Script != "" && !slices.Contains(t.Scripts, f.Script) || t.Time.Before(f.Since) || !bears(t.Labels, f.Labels) {
			continue
		}
		log = append(log, logged(t, taken))
		if len(log) == f.Limit {
			break
		}
	}
	return log, nil
}

func bears(labels, wanted map[string]string) bool {
	for name, value := range wanted {
		if got, there := labels[name]; !there || got != value {
			return false
		}
	}
	return true
}

func logged(t state.Transaction, taken map[uint64]bool) Logged {
	l := Logged{Transaction: t, State: string(t.Outcome)}
	if taken[t.ID] {
		l.State = undoneState
	}
	return l
}

// Show gives one transaction.
func (s *Session) Show(id uint64) (*Logged, error) {
	t, err := s.transaction(id)
	if err != nil {
		return nil, err
	}
	taken, err := s.undone()
	if err != nil {
		return nil, err
	}
	l := logged(t, taken)
	return &l, nil
}

// LastUndoable gives the transaction that undo means when it names none: the
// last one in force that is no undo or redo, nor a rollback of transactions
// that all count again.
func (s *Session) LastUndoable() (uint64, error) {
	log, err := s.Log(LogFilter{})
	if err != nil {
		return 0, err
	}
	taken := map[uint64]bool{}
	for _, l := range log {
		taken[l.ID] = l.State == undoneState
	}
	for _, l := range log {
		void := l.Kind == state.Rollback && !slices.ContainsFunc(l.TakesBack, func(id uint64) bool { return taken[id] })
		if l.State == string(state.Committed) && l.Kind != state.Undo && l.Kind != state.Redo && !void {
			return l.ID, nil
		}
	}
	return 0, fail(NoTransaction, "bootledger log lists all of them", "there is no transaction to undo")
}

// LastUndone gives the transaction that redo means when it names none: the
// earliest of those that the last undo or rollback took back.
func (s *Session) LastUndone() (uint64, error) {
	log, err := s.Log(LogFilter{})
	if err != nil {
		return 0, err
	}
	taken := map[uint64]bool{}
	for _, l := range log {
		taken[l.ID] = l.State == undoneState
	}
	for _, l := range log {
		for _, id := range l.TakesBack {
			if l.State == string(state.Committed) && taken[id] {
				return id, nil
			}
		}
	}
	return 0, fail(NoTransaction, "bootledger log lists all of them", "there is no undone transaction to make again")
}

// ScriptState is a script with what the profile and the ledger say of it.
type ScriptState struct {
	boot.Script
	Rule    profile.Rule // its zero value if the profile does not name the script
	Package string
	Version string
	Intent  *state.Intent // nil if none stands
	Kept    *profile.Kept // its line in the guest's keep list, nil if it has none
}

// Scripts lists the named scripts, or all.
func (s *Session) Scripts(names []string) ([]ScriptState, error) {
	intents, err := s.intents()
	if err != nil {
		return nil, err
	}
	known := s.scriptNames()
	if len(names) == 0 {
		names = known
	}
	list := make([]ScriptState, 0, len(names))
	for _, name := range names {
		if !slices.Contains(known, name) && intents[name] == nil {
			return nil, unknownScript(name, known)
		}
		list = append(list, s.scriptState(name, intents))
	}
	return list, nil
}

func (s *Session) scriptState(name string, intents map[string]*state.Intent) ScriptState {
	script := s.configuration.Script(name)
	if script.Name == "" { // its links or its intent outlived it
		script.Name = name
		script.Links = linksOf(s.configuration.Tree, name)
		script.Enabled = s.runs(name)
	}
	rule, _ := s.rule(name)
	owner, version := s.packages.Owner(boot.InitDir + "/" + name)
	so := ScriptState{Script: script, Rule: rule, Package: owner, Version: version, Intent: intents[name]}
	if k, kept := s.kept[name]; kept {
		so.Kept = &k
	}
	return so
}

// Why is all that is known about one script.
type Why struct {
	ScriptState
	Events []Logged // the last five transactions about it, newest first
}

// Why explains a script's state.
func (s *Session) Why(name string) (*Why, error) {
	states, err := s.Scripts([]string{name})
	if err != nil {
		return nil, err
	}
	events, err := s.Log(LogFilter{Script: name, Limit: 5})
	return &Why{ScriptState: states[0], Events: events}, err
}

// Order gives the scripts of each runlevel in the order in which they run now.
func (s *Session) Order() map[lsb.Runlevel][]string { return s.configuration.Order() }
