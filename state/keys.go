package state

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// The buckets. No other file builds a key.
var (
	metaBucket         = []byte("meta")
	transactionsBucket = []byte("transactions")
	journalBucket      = []byte("journal")
	blobsBucket        = []byte("blobs")
	manifestsBucket    = []byte("manifests")
	intentsBucket      = []byte("intents")
	byScriptBucket     = []byte("by_script")
	snapshotsBucket    = []byte("snapshots")

	buckets = [][]byte{
		metaBucket, transactionsBucket, journalBucket, blobsBucket,
		manifestsBucket, intentsBucket, byScriptBucket, snapshotsBucket,
	}
)

// The keys of the meta and journal buckets.
var (
	formatKey  = []byte("format")
	createdKey = []byte("created")
	idKey      = []byte("id")
	sumKey     = []byte("sum")
	pendingKey = []byte("pending")
)

func transactionKey(id uint64) []byte {
	return binary.BigEndian.AppendUint64(nil, id)
}

func parseTransactionKey(key []byte) (id uint64, ok bool) {
	if len(key) != 8 {
		return 0, false
	}
	return binary.BigEndian.Uint64(key), true
}

// scriptPrefix ends in NUL, which no name holds, so that no script's keys are
// the beginning of another's.
func scriptPrefix(script string) []byte {
	return append([]byte(script), 0)
}

func scriptKey(script string, id uint64) []byte {
	return binary.BigEndian.AppendUint64(scriptPrefix(script), id)
}

// parseSum turns the hex form of a SHA-256 into a key of blobs and manifests.
func parseSum(sum string) ([]byte, error) {
	key, err := hex.DecodeString(sum)
	if err != nil || len(key) != 32 || sum != strings.ToLower(sum) {
		return nil, fmt.Errorf("%q is no SHA-256", sum)
	}
	return key, nil
}
