package state

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"go.etcd.io/bbolt"
)

// format is the version of the ledgers that this build writes, and the highest
// that it reads.
const format = 1

// initialise makes the buckets and names the ledger.
func initialise(db *bbolt.DB) error {
	return guard(func() error {
		return db.Update(func(tx *bbolt.Tx) error {
			for _, name := range buckets {
				if _, err := tx.CreateBucket(name); err != nil {
					return err
				}
			}
			meta := tx.Bucket(metaBucket)
			for _, entry := range []struct {
				key   []byte
				value string
			}{
				{formatKey, strconv.Itoa(format)},
				{createdKey, time.Now().UTC().Format(time.RFC3339)},
				{idKey, randomID()},
			} {
				if err := meta.Put(entry.key, []byte(entry.value)); err != nil {
					return err
				}
			}
			return meta.Put(sumKey, metaSum(meta))
		})
	})
}

// readMeta returns the ledger's id. The format comes first: a newer one may keep
// everything else in another way.
func readMeta(tx *bbolt.Tx) (id string, err error) {
	damage := func(message string) error { return &DamageError{Where: "meta", Message: message} }
	meta := tx.Bucket(metaBucket)
	if meta == nil {
		return "", damage("no ledger of bootledger")
	}
	version, err := strconv.Atoi(string(meta.Get(formatKey)))
	switch {
	case err != nil || version < 1:
		return "", damage(fmt.Sprintf("no format version but %q", meta.Get(formatKey)))
	case version > format:
		return "", fmt.Errorf("its format is %d and this build reads up to %d: %w", version, format, ErrNewer)
	}
	if !bytes.Equal(meta.Get(sumKey), metaSum(meta)) {
		return "", damage("its entries do not match their sum")
	}
	for _, name := range buckets {
		if tx.Bucket(name) == nil {
			return "", damage(fmt.Sprintf("no bucket %q", name))
		}
	}
	return string(meta.Get(idKey)), nil
}

func metaSum(meta *bbolt.Bucket) []byte {
	sum := sha256.New()
	for _, key := range [][]byte{formatKey, createdKey, idKey} {
		fmt.Fprintf(sum, "%s\n", meta.Get(key))
	}
	return sum.Sum(nil)
}

// randomID returns 16 random bytes in hex.
func randomID() string {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails: the runtime stops the program instead
	return hex.EncodeToString(id)
}
