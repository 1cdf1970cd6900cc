package state

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"

	"go.etcd.io/bbolt"
)

// maxBlob bounds what a packed value may unpack to, in bytes. The largest files
// that decide a boot have a few hundred kilobytes.
const maxBlob = 16 << 20

// The tag bytes of packed values.
const (
	raw     = 0
	deflate = 1
)

// Blob returns the content with that SHA-256 in hex; ErrNotFound if the ledger does
// not hold it.
func (l *Ledger) Blob(sum string) ([]byte, error) {
	var content []byte
	err := l.find(func(tx *bbolt.Tx) (err error) {
		content, err = getPacked(tx.Bucket(blobsBucket), sum)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("cannot read blob %s: %w", sum, err)
	}
	return content, nil
}

func putBlobs(tx *bbolt.Tx, blobs map[string][]byte) error {
	for sum, content := range blobs {
		switch got, err := putPacked(tx.Bucket(blobsBucket), content); {
		case err != nil:
			return fmt.Errorf("cannot store blob %s: %w", sum, err)
		case got != sum:
			return fmt.Errorf("content given as blob %s is %s", sum, got)
		}
	}
	return nil
}

// requireBlob makes sure that what a side of a change held can be had back.
func requireBlob(tx *bbolt.Tx, path string, e *Entry) error {
	if e == nil || e.SHA256 == "" {
		return nil
	}
	key, err := parseSum(e.SHA256)
	if err != nil {
		return err
	}
	if tx.Bucket(blobsBucket).Get(key) == nil {
		return fmt.Errorf("content of %q, blob %s: %w", path, e.SHA256, ErrNotFound)
	}
	return nil
}

// putPacked stores content unless it is there, and returns its SHA-256 in hex.
func putPacked(b *bbolt.Bucket, content []byte) (string, error) {
	sum := hexSum(content)
	if len(content) > maxBlob {
		return sum, fmt.Errorf("%d bytes, more than %d", len(content), maxBlob)
	}
	key, err := parseSum(sum)
	if err != nil || b.Get(key) != nil {
		return sum, err
	}
	return sum, b.Put(key, pack(content))
}

func getPacked(b *bbolt.Bucket, sum string) ([]byte, error) {
	key, err := parseSum(sum)
	if err != nil {
		return nil, err
	}
	packed := b.Get(key)
	if packed == nil {
		return nil, ErrNotFound
	}
	content, err := unpack(packed)
	if err == nil && hexSum(content) != sum {
		err = errors.New("does not match its SHA-256")
	}
	if err != nil {
		return nil, &DamageError{Where: "content " + sum, Message: err.Error()}
	}
	return content, nil
}

func pack(content []byte) []byte {
	var b bytes.Buffer
	b.WriteByte(deflate)
	w, _ := flate.NewWriter(&b, flate.BestCompression) // fails for unknown levels only
	_, _ = w.Write(content)                            // as a Buffer never does
	_ = w.Close()
	if b.Len() > len(content) {
		return append([]byte{raw}, content...)
	}
	return b.Bytes()
}

// unpack returns the content in memory of its own: packed may be a mapped page.
func unpack(packed []byte) ([]byte, error) {
	if len(packed) == 0 {
		return nil, errors.New("is empty")
	}
	switch tag, body := packed[0], packed[1:]; tag {
	case raw:
		return bytes.Clone(body), nil
	case deflate:
		content, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(body)), maxBlob+1))
		if err == nil && len(content) > maxBlob {
			err = fmt.Errorf("unpacks to more than %d bytes", maxBlob)
		}
		return content, err
	default:
		return nil, fmt.Errorf("is packed in the unknown way %d", tag)
	}
}

// Blobs counts the contents of files that the ledger holds.
func (l *Ledger) Blobs() (int, error) {
	count := 0
	err := l.view(func(tx *bbolt.Tx) error {
		for range keys(tx.Bucket(blobsBucket)) {
			count++
		}
		return nil
	})
	return count, err
}
