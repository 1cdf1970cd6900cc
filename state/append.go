package state

import (
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
)

// Begin records the transaction that is about to change the guest, durable when
// it returns. It fills in ID, Nonce, ParentHash and Before, and the id of
// decisions that name no transaction, and returns t as it is stored: lists not
// null, times in UTC, t.Time in microseconds. Outcome, After and Hash are left
// for Commit.
//
// blobs holds contents by their SHA-256 in hex. What the Before side of a change
// refers to must be among them or in the ledger already. Names, paths and link
// targets must be UTF-8.
//
// It is an error when a transaction is under way: take that back first.
func (l *Ledger) Begin(t Transaction, before Manifest, blobs map[string][]byte) (Transaction, error) {
	t = normal(t)
	err := check(t)
	if err == nil {
		err = l.update(func(tx *bbolt.Tx) error { return l.begin(tx, &t, before, blobs) })
	}
	if err != nil {
		return Transaction{}, fmt.Errorf("cannot begin transaction: %w", err)
	}
	return t, nil
}

func (l *Ledger) begin(tx *bbolt.Tx, t *Transaction, before Manifest, blobs map[string][]byte) error {
	switch p, err := pending(tx); {
	case err != nil:
		return err
	case p != nil:
		return fmt.Errorf("transaction %d is under way", p.ID)
	}
	if err := makeRoom(l.file, tx.Size()); err != nil {
		return err
	}
	head, err := head(tx)
	if err != nil {
		return err
	}
	t.ID, t.ParentHash = head.ID+1, head.Hash
	t.Nonce = randomID()
	t.Outcome, t.After, t.Hash = "", "", ""
	stamp(t)
	if err := putBlobs(tx, blobs); err != nil {
		return err
	}
	for _, c := range t.Changes {
		if err := requireBlob(tx, c.Path, c.Before); err != nil {
			return err
		}
	}
	if t.Before, err = putManifest(tx, before); err != nil {
		return err
	}
	return putPending(tx, *t)
}

// Commit ends the transaction that Begin returned, as t.Outcome says: this is
// the commit point. It fills in After and Hash, appends the record, applies its
// decisions if it is Committed, and drops the pending record, all or nothing. It
// takes blobs as Begin does; both sides of each change must be there.
func (l *Ledger) Commit(t Transaction, after Manifest, blobs map[string][]byte) (Transaction, error) {
	t = normal(t)
	err := check(t)
	if err == nil && t.Outcome != Committed && t.Outcome != Interrupted {
		err = fmt.Errorf("%q is no outcome", t.Outcome)
	}
	if err == nil {
		err = l.update(func(tx *bbolt.Tx) error { return commit(tx, &t, after, blobs) })
	}
	if err != nil {
		return Transaction{}, fmt.Errorf("cannot commit transaction %d: %w", t.ID, err)
	}
	return t, nil
}

func commit(tx *bbolt.Tx, t *Transaction, after Manifest, blobs map[string][]byte) error {
	switch p, err := pending(tx); {
	case err != nil:
		return err
	case p == nil || p.ID != t.ID || p.Nonce != t.Nonce:
		return errors.New("it is not under way")
	default:
		t.ParentHash, t.Before = p.ParentHash, p.Before
	}
	stamp(t)
	if err := putBlobs(tx, blobs); err != nil {
		return err
	}
	for _, c := range t.Changes {
		for _, e := range []*Entry{c.Before, c.After} {
			if err := requireBlob(tx, c.Path, e); err != nil {
				return err
			}
		}
	}
	var err error
	if t.After, err = putManifest(tx, after); err != nil {
		return err
	}
	record, hash, err := seal(*t)
	if err != nil {
		return err
	}
	t.Hash = hash
	if err := tx.Bucket(transactionsBucket).Put(transactionKey(t.ID), record); err != nil {
		return err
	}
	for _, script := range t.Scripts {
		if err := tx.Bucket(byScriptBucket).Put(scriptKey(script, t.ID), nil); err != nil {
			return err
		}
	}
	if err := putDecisions(tx, *t); err != nil {
		return err
	}
	return tx.Bucket(journalBucket).Delete(pendingKey)
}
