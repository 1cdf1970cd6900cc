package snapshot

import (
	"context"
	"reflect"
	"slices"

	"github.com/bootledger/bootledger/state"
)

// Rollback takes the guest back to the end of transaction to; 0 is before the
// first one.
func (s *Session) Rollback(ctx context.Context, to uint64, c Changing) (*Result, error) {
	transactions, err := s.ledger.Transactions()
	if err != nil {
		return nil, err
	}
	if to > 0 {
		if _, err := s.target(to); err != nil {
			return nil, err
		}
	}
	var later []state.Transaction
	for _, t := range transactions {
		if t.ID > to && t.Outcome == state.Committed {
			later = append(later, t)
		}
	}
	d := s.newDraft(state.Rollback)
	if len(later) == 0 {
		return s.apply(d, c)
	}
	now, then := undone(transactions), undone(upTo(transactions, to))
	for _, t := range transactions {
		switch {
		case t.Outcome != state.Committed:
		case t.ID > to && !now[t.ID]:
			d.takesBack = append(d.takesBack, t.ID)
		case t.ID <= to && now[t.ID] && !then[t.ID]:
			d.makesAgain = append(d.makesAgain, t.ID)
		}
	}
	standing := standingAt(transactions, to)
	start := manifestAt(transactions, to)
	wanted, unbroken, err := s.since(start, later)
	if err != nil {
		return nil, err
	}
	firsts := firstDecisions(later)
	if unbroken {
		if unbroken, err = s.exactly(d, wanted, firsts, start); err != nil {
			return nil, err
		}
	}
	if unbroken {
		intents, err := s.intents()
		if err != nil {
			return nil, err
		}
		for _, first := range firsts {
			before, after := intents[first.Script], standing[first.Script]
			if !reflect.DeepEqual(before, after) || !slices.Equal(linksOf(d.before, first.Script), linksOf(d.after, first.Script)) {
				d.decide(first.Script, before, after)
			}
		}
		return s.apply(d, c)
	}
	at, err := s.ledger.Manifest(start)
	if err != nil {
		return nil, err
	}
	had := linksByScript(at)
	var flips []flip
	for _, first := range firsts {
		intent, links := standing[first.Script], had[first.Script]
		if len(links) == 0 { // it may have come since
			links = recordedLinks(first.After)
		}
		flips = append(flips, flip{script: first.Script, intent: intent, enable: intent == nil && len(links) > 0, links: links})
	}
	if err := s.decide(ctx, d, flips, c); err != nil {
		return nil, err
	}
	for i := len(later) - 1; i >= 0; i-- {
		if err := s.restoreOthers(d, later[i].Changes, c.Force); err != nil {
			return nil, err
		}
	}
	return s.apply(d, c)
}

// manifestAt gives the manifest of the guest at the end of transaction to.
func manifestAt(transactions []state.Transaction, to uint64) string {
	if until := upTo(transactions, to); len(until) > 0 {
		return until[len(until)-1].After
	}
	return transactions[0].Before
}

// since collects what later transactions did to each path: what it should hold
// now, and what it held in the manifest start. It is unbroken when nobody else
// changed such a path in between.
func (s *Session) since(start string, later []state.Transaction) (wanted map[string]transition, unbroken bool, err error) {
	then, err := s.ledger.Manifest(start)
	if err != nil {
		return nil, false, err
	}
	wanted = map[string]transition{}
	for _, t := range later {
		for _, change := range t.Changes {
			so, known := wanted[change.Path]
			if !known {
				if e, there := then.Entries[change.Path]; there {
					so.want = &e
				}
				so.have = so.want
			}
			if !same(so.have, change.Before) {
				return nil, false, nil
			}
			so.have = change.After
			wanted[change.Path] = so
		}
	}
	return wanted, true, nil
}

// upTo gives the transactions up to and with id, of a list in their order.
func upTo(transactions []state.Transaction, id uint64) []state.Transaction {
	end := len(transactions)
	for end > 0 && transactions[end-1].ID > id {
		end--
	}
	return transactions[:end]
}

// standingAt gives the intents that stood at the end of transaction to.
func standingAt(transactions []state.Transaction, to uint64) map[string]*state.Intent {
	standing := map[string]*state.Intent{}
	for _, t := range upTo(transactions, to) {
		if t.Outcome != state.Committed {
			continue
		}
		for _, decision := range t.Decisions {
			standing[decision.Script] = decision.After
		}
	}
	return standing
}

// firstDecisions gives the first decision of each script among transactions.
func firstDecisions(transactions []state.Transaction) []state.Decision {
	seen := map[string]bool{}
	var firsts []state.Decision
	for _, t := range transactions {
		for _, decision := range t.Decisions {
			if !seen[decision.Script] {
				seen[decision.Script] = true
				firsts = append(firsts, decision)
			}
		}
	}
	return firsts
}
