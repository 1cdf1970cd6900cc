package state

import (
	"bytes"
	"fmt"

	"go.etcd.io/bbolt"
)

// Transactions returns all records, oldest first. It checks each against its own
// hash and the chain from one to the next.
func (l *Ledger) Transactions() ([]Transaction, error) {
	var all []Transaction
	err := l.view(func(tx *bbolt.Tx) error {
		var parent Transaction
		return tx.Bucket(transactionsBucket).ForEach(func(key, record []byte) error {
			t, err := readTransaction(key, record)
			if err != nil {
				return err
			}
			if t.ID != parent.ID+1 || t.ParentHash != parent.Hash {
				return damagedTransaction(t.ID, fmt.Sprintf("does not follow transaction %d", parent.ID))
			}
			parent = t
			all = append(all, t)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Transaction returns the record with that id; ErrNotFound if there is none yet.
func (l *Ledger) Transaction(id uint64) (Transaction, error) {
	var t Transaction
	err := l.find(func(tx *bbolt.Tx) (err error) {
		key := transactionKey(id)
		record := tx.Bucket(transactionsBucket).Get(key)
		if record == nil {
			return ErrNotFound
		}
		t, err = readTransaction(key, record)
		return err
	})
	if err != nil {
		return Transaction{}, fmt.Errorf("cannot read transaction %d: %w", id, err)
	}
	return t, nil
}

// Head returns id and hash of the newest record, 0 and "" when there is none. The
// hash stands for the whole ledger: kept elsewhere, it tells a ledger that was
// rewound or rewritten from one that was not.
func (l *Ledger) Head() (id uint64, hash string, err error) {
	err = l.view(func(tx *bbolt.Tx) error {
		t, err := head(tx)
		id, hash = t.ID, t.Hash
		return err
	})
	return id, hash, err
}

// head returns the newest record, the zero value when there is none.
func head(tx *bbolt.Tx) (Transaction, error) {
	key, record := tx.Bucket(transactionsBucket).Cursor().Last()
	if key == nil {
		return Transaction{}, nil
	}
	return readTransaction(key, record)
}

// ByScript returns the ids of the transactions that name the script, oldest first.
func (l *Ledger) ByScript(script string) ([]uint64, error) {
	var ids []uint64
	err := l.view(func(tx *bbolt.Tx) error {
		prefix := scriptPrefix(script)
		c := tx.Bucket(byScriptBucket).Cursor()
		for key, _ := c.Seek(prefix); bytes.HasPrefix(key, prefix); key, _ = c.Next() {
			id, ok := parseTransactionKey(key[len(prefix):])
			if !ok {
				return &DamageError{Where: "index of " + script, Message: "a key without an id"}
			}
			ids = append(ids, id)
		}
		return nil
	})
	return ids, err
}

func readTransaction(key, record []byte) (Transaction, error) {
	id, ok := parseTransactionKey(key)
	if !ok {
		return Transaction{}, &DamageError{Where: fmt.Sprintf("transaction with key %x", key), Message: "is no id"}
	}
	t, err := unseal(record)
	if err != nil {
		return Transaction{}, damagedTransaction(id, err.Error())
	}
	if t.ID != id {
		return Transaction{}, damagedTransaction(id, fmt.Sprintf("calls itself %d", t.ID))
	}
	return t, nil
}

func damagedTransaction(id uint64, message string) error {
	return &DamageError{Where: fmt.Sprintf("transaction %d", id), Message: message}
}
