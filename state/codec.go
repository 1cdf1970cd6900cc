package state

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
)

// The end of a record, its hash left out.
const (
	hashField = `"hash":"`
	hashEnd   = `"}`
)

// encode returns the canonical JSON of a value.
func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// seal returns the bytes to store for a record, and the record's hash. The hash
// that t holds does not count.
func seal(t Transaction) (record []byte, hash string, err error) {
	t.Hash = ""
	record, err = encode(t)
	if err != nil {
		return nil, "", err
	}
	hash = hexSum(record)
	return append(record[:len(record)-len(hashEnd)], hash+hashEnd...), hash, nil
}

// unseal reads a record. It checks the hash against the bytes as they are stored:
// encoding what was decoded would miss fields that a later build added.
func unseal(record []byte) (Transaction, error) {
	head, ok := bytes.CutSuffix(record, []byte(hashEnd))
	if !ok || len(head) < len(hashField)+2*sha256.Size {
		return Transaction{}, errors.New("is no record")
	}
	head, hash := head[:len(head)-2*sha256.Size], string(head[len(head)-2*sha256.Size:])
	if !bytes.HasSuffix(head, []byte(hashField)) {
		return Transaction{}, errors.New("does not end in its hash")
	}
	sum := sha256.New()
	sum.Write(head)
	sum.Write([]byte(hashEnd))
	if got := hex.EncodeToString(sum.Sum(nil)); got != hash {
		return Transaction{}, errors.New("does not match its hash")
	}
	var t Transaction
	if err := json.Unmarshal(record, &t); err != nil {
		return Transaction{}, err
	}
	if t.Hash != hash {
		return Transaction{}, errors.New("has two hashes")
	}
	return t, nil
}

// hexSum returns the SHA-256 of b in hex.
func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
