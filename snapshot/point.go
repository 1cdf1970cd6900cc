package snapshot

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bootledger/bootledger/boot"
	"github.com/bootledger/bootledger/state"
)

// live names the guest as it is, where a point in time is asked for.
const live = "live"

// Resolve reads a point in time that stands for a transaction: its number,
// "last", "last-N", or "@TIME" for the last one made by then. 0 is before the
// first.
func (s *Session) Resolve(word string) (uint64, error) {
	transactions, err := s.ledger.Transactions()
	if err != nil {
		return 0, err
	}
	transactions = slices.DeleteFunc(transactions, func(t state.Transaction) bool { return t.Outcome != state.Committed })
	if back, isLast := strings.CutPrefix(word, "last"); isLast {
		n, err := strconv.Atoi(strings.TrimPrefix(back, "-"))
		switch {
		case back != "" && (err != nil || back[0] != '-' || n < 0):
			return 0, badPoint(word)
		case n >= len(transactions):
			return 0, fail(NoTransaction, "bootledger log lists all of them", "there is no %s: the ledger holds %d transactions", word, len(transactions))
		}
		return transactions[len(transactions)-1-n].ID, nil
	}
	if moment, isTime := strings.CutPrefix(word, "@"); isTime {
		at, err := ParseTime(moment, s.options.Now())
		if err != nil {
			return 0, err
		}
		var id uint64
		for _, t := range transactions {
			if !t.Time.After(at) {
				id = t.ID
			}
		}
		return id, nil
	}
	id, err := strconv.ParseUint(word, 10, 64)
	if err != nil {
		return 0, badPoint(word)
	}
	if id > 0 {
		_, err = s.transaction(id)
	}
	return id, err
}

// IsPoint reports whether a word has the form of a point in time that stands
// for a transaction.
func IsPoint(word string) bool {
	_, err := strconv.ParseUint(word, 10, 64)
	return err == nil || word == "last" || strings.HasPrefix(word, "last-") || strings.HasPrefix(word, "@")
}

func badPoint(word string) error {
	return fail(Usage, "use a transaction's number, last, last-N, or @TIME", "%q names no point in time", word)
}

// ParseTime reads a time as RFC 3339, "2006-01-02 15:04", "2006-01-02", or as
// a duration before now such as "90m" or "36h". Times without a zone are UTC.
func ParseTime(word string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, word); err == nil {
			return t, nil
		}
	}
	if ago, err := time.ParseDuration(word); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	return time.Time{}, fail(Usage, "use 2026-01-31, 2026-01-31 15:04, RFC 3339, or 36h for 36 hours ago", "%q is no time", word)
}

func (s *Session) transaction(id uint64) (state.Transaction, error) {
	t, err := s.ledger.Transaction(id)
	if errors.Is(err, state.ErrNotFound) {
		return t, fail(NoTransaction, "bootledger log lists all of them", "there is no transaction %d", id)
	}
	return t, err
}

// at gives the boot configuration as it was at a point in time. The order of
// names in directories is not on record.
func (s *Session) at(word string) (*boot.Configuration, map[string]string, error) {
	if word == live {
		return s.configuration, manifest(s.configuration.Tree, s.packages).Packages, nil
	}
	id, err := s.Resolve(word)
	if err != nil {
		return nil, nil, err
	}
	if id > 0 {
		t, err := s.target(id)
		if err != nil {
			return nil, nil, err
		}
		return s.captured(t.After)
	}
	transactions, err := s.ledger.Transactions()
	if err != nil {
		return nil, nil, err
	}
	if len(transactions) == 0 {
		return nil, nil, fail(NoTransaction, "bootledger convert makes the first one", "the ledger holds no transaction yet")
	}
	return s.captured(transactions[0].Before)
}

// captured rebuilds a configuration from a manifest of the ledger.
func (s *Session) captured(sum string) (*boot.Configuration, map[string]string, error) {
	m, err := s.ledger.Manifest(sum)
	if err != nil {
		return nil, nil, err
	}
	tree := boot.Tree{Nodes: make(map[string]boot.Node, len(m.Entries)), Names: map[string][]string{}}
	for path, e := range m.Entries {
		node, err := s.recorded(&e)
		if err != nil {
			return nil, nil, err
		}
		tree.Put(path, node)
	}
	for _, names := range tree.Names {
		slices.Sort(names)
	}
	return boot.FromTree(tree), m.Packages, nil
}
