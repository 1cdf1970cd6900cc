package snapshot

import (
	"errors"

	"github.com/bootledger/bootledger/state"
)

// Verification is what a ledger's check of itself found.
type Verification struct {
	Transactions int
	Blobs        int    // contents of files
	Head         string // hash of the last transaction, empty if there is none
	Problems     []state.Problem
	// Differing counts the paths at which the guest is not as at the end of the
	// last transaction: somebody else changed them. That is no damage.
	Differing int
}

// Verify checks all that the ledger holds, and compares the guest with it.
func (s *Session) Verify() (*Verification, error) {
	problems, err := s.ledger.Verify()
	if err != nil {
		return nil, err
	}
	v := &Verification{Problems: problems}
	if v.Blobs, err = s.ledger.Blobs(); err != nil || len(problems) > 0 {
		return v, err
	}
	transactions, err := s.ledger.Transactions()
	if err != nil || len(transactions) == 0 {
		return v, err
	}
	last := transactions[len(transactions)-1]
	v.Transactions, v.Head = len(transactions), last.Hash
	then, _, err := s.captured(last.After)
	if err != nil {
		return nil, err
	}
	v.Differing = len(difference(then.Tree, s.configuration.Tree))
	return v, nil
}

// Damage gives the verification of a ledger that cannot be opened because it is
// damaged; false for any other error.
func Damage(err error) (*Verification, bool) {
	damage, ok := errors.AsType[*state.DamageError](err)
	if !ok {
		return nil, false
	}
	return &Verification{Problems: []state.Problem{{Kind: "file", Where: damage.Where, Message: damage.Message}}}, true
}
