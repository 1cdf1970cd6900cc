package state

import (
	"encoding/json"

	"go.etcd.io/bbolt"
)

// Intents returns the decisions that stand, sorted by script.
func (l *Ledger) Intents() ([]Intent, error) {
	var intents []Intent
	err := l.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(intentsBucket).ForEach(func(key, value []byte) error {
			var i Intent
			if err := json.Unmarshal(value, &i); err != nil || i.Script != string(key) {
				return &DamageError{Where: "intent " + string(key), Message: "is no decision on that script"}
			}
			intents = append(intents, i)
			return nil
		})
	})
	return intents, err
}

// putDecisions makes the decisions of a transaction stand. One that was
// interrupted decided nothing.
func putDecisions(tx *bbolt.Tx, t Transaction) error {
	if t.Outcome != Committed {
		return nil
	}
	intents := tx.Bucket(intentsBucket)
	for _, d := range t.Decisions {
		if d.After == nil {
			if err := intents.Delete([]byte(d.Script)); err != nil {
				return err
			}
			continue
		}
		value, err := encode(d.After)
		if err != nil {
			return err
		}
		if err := intents.Put([]byte(d.Script), value); err != nil {
			return err
		}
	}
	return nil
}
