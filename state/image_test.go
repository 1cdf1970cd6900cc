package state_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/bootledger/bootledger/state"
	"github.com/bootledger/bootledger/state/statetest"
)

const pageSize = 4096

// The kinds of pages, as in their flags.
const (
	branch   = 1
	leaf     = 2
	freelist = 16
)

// image is the content of a ledger's file, to be damaged.
type image []byte

// newImage returns a ledger with that many transactions.
func newImage(t testing.TB, transactions int) image {
	t.Helper()
	l := statetest.New(t)
	for n := range transactions {
		run(t, l.Ledger, n)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(string(l.Dir), statetest.Name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// tempDir returns a temporary directory in memory if there is such a file system:
// syncing to a disk is most of what a small ledger costs.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "ledger") //nolint:usetesting // t.TempDir cannot be told where
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// dir puts the image in a directory.
func (im image) dir(t testing.TB) statetest.Dir {
	t.Helper()
	dir := tempDir(t)
	if err := os.WriteFile(filepath.Join(dir, statetest.Name), im, 0o600); err != nil {
		t.Fatal(err)
	}
	return statetest.Dir(dir)
}

func (im image) u16(at uint64) uint64       { return uint64(binary.LittleEndian.Uint16(im[at:])) }
func (im image) u32(at uint64) uint64       { return uint64(binary.LittleEndian.Uint32(im[at:])) }
func (im image) u64(at uint64) uint64       { return binary.LittleEndian.Uint64(im[at:]) }
func (im image) put16(at uint64, v uint16)  { binary.LittleEndian.PutUint16(im[at:], v) }
func (im image) put32(at uint64, v uint32)  { binary.LittleEndian.PutUint32(im[at:], v) }
func (im image) put64(at uint64, v uint64)  { binary.LittleEndian.PutUint64(im[at:], v) }
func (im image) metaField(at uint64) uint64 { return im.newest()*pageSize + 16 + at }

// newest returns the number of the meta page in force.
func (im image) newest() uint64 {
	if im.u64(16+48) > im.u64(pageSize+16+48) {
		return 0
	}
	return 1
}

// setMeta changes a field of the meta page in force, the checksum too.
func (im image) setMeta(at, value uint64) {
	im.put64(im.metaField(at), value)
	im.reseal()
}

// reseal makes the checksums of both meta pages right.
func (im image) reseal() {
	for slot := range uint64(2) {
		h := fnv.New64a()
		h.Write(im[slot*pageSize+16:][:56])
		im.put64(slot*pageSize+16+56, h.Sum64())
	}
}

// free returns the numbers of the free pages.
func (im image) free() []uint64 {
	at := im.u64(im.metaField(32)) * pageSize
	numbers := make([]uint64, im.u16(at+10))
	for i := range numbers {
		numbers[i] = im.u64(at + 16 + 8*uint64(i))
	}
	return numbers
}

// pages returns the offsets of the pages of a kind that are in use.
func (im image) pages(kind uint64) []uint64 {
	free := im.free()
	var found []uint64
	for n := uint64(2); n < im.u64(im.metaField(40)); {
		at := n * pageSize
		if slices.Contains(free, n) {
			n++
			continue
		}
		if im.u16(at+8) == kind {
			found = append(found, at)
		}
		n += 1 + im.u32(at+12)
	}
	return found
}

// page returns the offset of a page of that kind with at least 2 elements.
func (im image) page(t testing.TB, kind uint64) uint64 {
	t.Helper()
	for _, at := range im.pages(kind) {
		if im.u16(at+10) >= 2 {
			return at
		}
	}
	t.Fatalf("no page of kind %d", kind)
	return 0
}

// bucketValue returns the offset of the value of a top-level bucket.
func (im image) bucketValue(t testing.TB, name string) uint64 {
	t.Helper()
	at := im.u64(im.metaField(16)) * pageSize
	for i := range im.u16(at + 10) {
		e := at + 16 + 16*i
		key := e + im.u32(e+4)
		value := key + im.u32(e+8)
		if string(im[key:value]) == name {
			return value
		}
	}
	t.Fatalf("no bucket %s", name)
	return 0
}

// dump returns all that a reader of the ledger sees, as JSON.
func dump(l *state.Ledger) (string, error) {
	all, err := l.Transactions()
	intents, err2 := l.Intents()
	pending, err3 := l.Pending()
	if err := errors.Join(err, err2, err3); err != nil {
		return "", err
	}
	seen := struct {
		ID           string
		Transactions []state.Transaction
		Pending      *state.Transaction
		Intents      []state.Intent
		ByScript     map[string][]uint64
		Manifests    map[string]state.Manifest
		Blobs        map[string]string
	}{l.ID(), all, pending, intents, map[string][]uint64{}, map[string]state.Manifest{}, map[string]string{}}
	if pending != nil {
		all = append(all, *pending)
	}
	for _, t := range all {
		for _, script := range t.Scripts {
			if seen.ByScript[script], err = l.ByScript(script); err != nil {
				return "", err
			}
		}
		for _, sum := range []string{t.Before, t.After} {
			if sum == "" {
				continue
			}
			if seen.Manifests[sum], err = l.Manifest(sum); err != nil {
				return "", err
			}
		}
		for _, c := range t.Changes {
			for _, e := range []*state.Entry{c.Before, c.After} {
				if e == nil || e.SHA256 == "" {
					continue
				}
				content, err := l.Blob(e.SHA256)
				if err != nil {
					return "", err
				}
				seen.Blobs[e.SHA256] = string(content)
			}
		}
	}
	b, err := json.MarshalIndent(seen, "", "  ")
	return string(b), err
}
