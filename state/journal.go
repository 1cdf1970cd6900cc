package state

import (
	"go.etcd.io/bbolt"
)

// Pending returns the transaction that began and did not end, with every
// pre-image it needs in the ledger, or nil when no work is under way. Whoever
// holds the ledger for writing and finds one at the start must take it back and
// then Commit it as Interrupted.
func (l *Ledger) Pending() (*Transaction, error) {
	var t *Transaction
	err := l.view(func(tx *bbolt.Tx) (err error) {
		t, err = pending(tx)
		return err
	})
	return t, err
}

func pending(tx *bbolt.Tx) (*Transaction, error) {
	record := tx.Bucket(journalBucket).Get(pendingKey)
	if record == nil {
		return nil, nil
	}
	t, err := unseal(record)
	if err != nil {
		return nil, &DamageError{Where: "the pending transaction", Message: err.Error()}
	}
	t.Hash = "" // the hash guards the journal; it is not yet the record's
	return &t, nil
}

func putPending(tx *bbolt.Tx, t Transaction) error {
	record, _, err := seal(t)
	if err != nil {
		return err
	}
	return tx.Bucket(journalBucket).Put(pendingKey, record)
}
