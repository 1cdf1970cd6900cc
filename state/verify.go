package state

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"go.etcd.io/bbolt"
)

// Problem is something in a ledger that is not as it was written or does not
// agree with the rest.
type Problem struct {
	Kind    string // record, chain, reference, blob, manifest, intent, index or journal
	Where   string // "transaction 3", "blob 5fec…", "intent udev"
	Message string
}

// Verify checks everything that the ledger holds: each record against its hash
// and the one before, each blob and manifest against its key, that what they
// refer to is there, and that the standing decisions and the index by script are
// what the records lead to. It returns all it finds; an error means that the
// ledger could not be read to its end.
func (l *Ledger) Verify() ([]Problem, error) {
	var v verification
	err := l.view(func(tx *bbolt.Tx) error {
		v = verification{tx: tx, manifests: map[string]error{}, intents: map[string]Intent{}, index: map[string]bool{}}
		v.packed("blob", blobsBucket)
		v.packed("manifest", manifestsBucket)
		head, complete := v.records()
		v.journal(head)
		if complete {
			v.decisions()
			v.byScript()
		}
		return nil
	})
	return v.problems, err
}

type verification struct {
	tx        *bbolt.Tx
	problems  []Problem
	manifests map[string]error  // by sum, of those that were read
	intents   map[string]Intent // as the records have them
	index     map[string]bool   // the same, keys of by_script
}

func (v *verification) add(kind, where, format string, args ...any) {
	v.problems = append(v.problems, Problem{kind, where, fmt.Sprintf(format, args...)})
}

func (v *verification) packed(kind string, name []byte) {
	b := v.tx.Bucket(name)
	for key := range keys(b) {
		sum := hex.EncodeToString(key)
		if _, err := getPacked(b, sum); err != nil {
			v.add(kind, kind+" "+sum, "%s", message(err))
		}
	}
}

// records walks the chain. What follows from the records is known only when none
// of them was unreadable.
func (v *verification) records() (head Transaction, complete bool) {
	complete = true
	for key, record := range keys(v.tx.Bucket(transactionsBucket)) {
		t, err := readTransaction(key, record)
		if err != nil {
			damage, _ := errors.AsType[*DamageError](err) // as all its errors are
			v.add("record", damage.Where, "%s", damage.Message)
			complete = false
			continue
		}
		where := fmt.Sprintf("transaction %d", t.ID)
		if t.ID != head.ID+1 || t.ParentHash != head.Hash {
			v.add("chain", where, "does not follow transaction %d", head.ID)
		}
		head = t
		v.manifest(where, t.Before)
		v.manifest(where, t.After)
		for _, c := range t.Changes {
			v.blob(where, c.Path, c.Before)
			v.blob(where, c.Path, c.After)
		}
		for _, id := range slices.Concat(t.TakesBack, t.MakesAgain) {
			if id == 0 || id >= t.ID {
				v.add("reference", where, "refers to transaction %d", id)
			}
		}
		for _, script := range t.Scripts {
			v.index[string(scriptKey(script, t.ID))] = true
		}
		if t.Outcome != Committed {
			continue
		}
		for _, d := range t.Decisions {
			if d.After == nil {
				delete(v.intents, d.Script)
			} else {
				v.intents[d.Script] = *d.After
			}
		}
	}
	return head, complete
}

func (v *verification) blob(where, path string, e *Entry) {
	if err := requireBlob(v.tx, path, e); err != nil {
		v.add("reference", where, "%v", err)
	}
}

func (v *verification) manifest(where, sum string) {
	err, known := v.manifests[sum]
	if !known {
		_, err = getManifest(v.tx, sum)
		v.manifests[sum] = err
	}
	if err != nil {
		v.add("reference", where, "manifest %s: %s", sum, message(err))
	}
}

func (v *verification) journal(head Transaction) {
	for key := range keys(v.tx.Bucket(journalBucket)) {
		if string(key) != string(pendingKey) {
			v.add("journal", "the journal", "holds %q", key)
		}
	}
	const where = "the pending transaction"
	switch t, err := pending(v.tx); {
	case err != nil:
		v.add("journal", where, "%s", message(err))
	case t == nil:
	default:
		if t.ID != head.ID+1 || t.ParentHash != head.Hash {
			v.add("journal", where, "does not follow transaction %d", head.ID)
		}
		v.manifest(where, t.Before)
		for _, c := range t.Changes {
			v.blob(where, c.Path, c.Before)
		}
	}
}

func (v *verification) decisions() {
	for key, value := range keys(v.tx.Bucket(intentsBucket)) {
		script := string(key)
		want, ok := v.intents[script]
		delete(v.intents, script)
		var got Intent
		switch err := json.Unmarshal(value, &got); {
		case err != nil:
			v.add("intent", "intent "+script, "%v", err)
		case !ok:
			v.add("intent", "intent "+script, "no record decides it")
		case !reflect.DeepEqual(got, want):
			v.add("intent", "intent "+script, "is not what transaction %d decides", want.Transaction)
		}
	}
	for _, script := range slices.Sorted(maps.Keys(v.intents)) {
		v.add("intent", "intent "+script, "is missing")
	}
}

func (v *verification) byScript() {
	for key := range keys(v.tx.Bucket(byScriptBucket)) {
		if !v.index[string(key)] {
			v.add("index", fmt.Sprintf("index %q", key), "no record has it")
		}
		delete(v.index, string(key))
	}
	for _, key := range slices.Sorted(maps.Keys(v.index)) {
		v.add("index", fmt.Sprintf("index %q", key), "is missing")
	}
}

// keys ranges over a bucket's keys and values.
func keys(b *bbolt.Bucket) func(func(key, value []byte) bool) {
	return func(yield func(key, value []byte) bool) {
		c := b.Cursor()
		for key, value := c.First(); key != nil; key, value = c.Next() {
			if !yield(key, value) {
				return
			}
		}
	}
}

// message is what an error says when the place is known already.
func message(err error) string {
	if damage, ok := errors.AsType[*DamageError](err); ok {
		return damage.Message
	}
	return err.Error()
}
