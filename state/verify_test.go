package state_test

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/bootledger/bootledger/state"
	"github.com/bootledger/bootledger/state/statetest"
)

// edit changes a closed ledger behind its back.
func edit(t testing.TB, dir statetest.Dir, f func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(string(dir), statetest.Name), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(f); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func id(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// replace changes the first occurrence of a text in a value.
func replace(b *bbolt.Bucket, key []byte, from, to string) error {
	value := string(b.Get(key))
	if !strings.Contains(value, from) {
		return errors.New("no " + from + " in " + value)
	}
	return b.Put(key, []byte(strings.Replace(value, from, to, 1)))
}

func TestVerify(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(*bbolt.Tx) error
		want string // a problem's kind and place
	}{
		{"record changed", func(tx *bbolt.Tx) error {
			return replace(tx.Bucket([]byte("transactions")), id(2), `"kind":"disable"`, `"kind":"convert"`)
		}, "record transaction 2"},
		{"record cut", func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("transactions")).Put(id(2), []byte(`"}`))
		}, "record transaction 2"},
		{"record empty", func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("transactions")).Put(id(2), nil)
		}, "record transaction 2"},
		{"record missing", func(tx *bbolt.Tx) error { return tx.Bucket([]byte("transactions")).Delete(id(2)) }, "chain transaction 3"},
		{"first record missing", func(tx *bbolt.Tx) error { return tx.Bucket([]byte("transactions")).Delete(id(1)) }, "chain transaction 2"},
		{"last record missing", func(tx *bbolt.Tx) error { return tx.Bucket([]byte("transactions")).Delete(id(3)) }, "intent intent script2"},
		{"record elsewhere", func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("transactions"))
			return b.Put(id(4), b.Get(id(3)))
		}, "record transaction 4"},
		{"key of a record", func(tx *bbolt.Tx) error { return tx.Bucket([]byte("transactions")).Put([]byte("x"), []byte("y")) }, "record transaction with key 78"},
		{"nested bucket", func(tx *bbolt.Tx) error {
			_, err := tx.Bucket([]byte("transactions")).CreateBucket(id(4))
			return err
		}, "record transaction 4"},
		{"blob missing", func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("blobs"))
			key, _ := b.Cursor().First()
			return b.Delete(key)
		}, "reference transaction"},
		{"blob empty", func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("blobs"))
			key, _ := b.Cursor().First()
			return b.Put(key, nil)
		}, "blob blob"},
		{"blob swapped", func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("blobs"))
			key, _ := b.Cursor().First()
			_, value := b.Cursor().Last()
			return b.Put(key, value)
		}, "blob blob"},
		{"blob packed otherwise", func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("blobs"))
			key, value := b.Cursor().First()
			return b.Put(key, append([]byte{9}, value[1:]...))
		}, "blob blob"},
		{"manifest missing", func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("manifests"))
			key, _ := b.Cursor().First()
			return b.Delete(key)
		}, "reference "},
		{"manifest changed", func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("manifests"))
			key, _ := b.Cursor().First()
			return b.Put(key, append([]byte{0}, "{}"...))
		}, "manifest manifest"},
		{"intent changed", func(tx *bbolt.Tx) error {
			return replace(tx.Bucket([]byte("intents")), []byte("script1"), "loads", "loaded")
		}, "intent intent script1"},
		{"intent unreadable", func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("intents")).Put([]byte("script1"), []byte("{"))
		}, "intent intent script1"},
		{"intent missing", func(tx *bbolt.Tx) error { return tx.Bucket([]byte("intents")).Delete([]byte("script1")) }, "intent intent script1"},
		{"intent added", func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("intents")).Put([]byte("ssh"), []byte(`{"script":"ssh"}`))
		}, "intent intent ssh"},
		{"index missing", func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("by_script")).Delete(append([]byte("script1\x00"), id(2)...))
		}, "index index"},
		{"index added", func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("by_script")).Put([]byte("ssh\x00"), nil)
		}, "index index"},
		{"journal changed", func(tx *bbolt.Tx) error {
			return replace(tx.Bucket([]byte("journal")), []byte("pending"), "disable", "convert")
		}, "journal the pending transaction"},
		{"journal has more", func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("journal")).Put([]byte("x"), nil)
		}, "journal the journal"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := statetest.Dir(t.TempDir())
			l := open(t, dir, state.Options{})
			for n := range 3 {
				run(t, l, n)
			}
			tr, before, _, blobs := sample(3)
			if _, err := l.Begin(tr, before, blobs); err != nil {
				t.Fatal(err)
			}
			if problems, err := l.Verify(); len(problems) > 0 || err != nil {
				t.Fatalf("before: %v, %v", problems, err)
			}
			l.Close()
			edit(t, dir, tt.edit)
			l = open(t, dir, state.Options{ReadOnly: true})
			problems, err := l.Verify()
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range problems {
				if strings.HasPrefix(p.Kind+" "+p.Where, tt.want) {
					return
				}
			}
			t.Errorf("problems %v, want %q", problems, tt.want)
		})
	}
}

// TestForgedRecords has records whose own hash is right: only what is around them
// tells.
func TestForgedRecords(t *testing.T) {
	for _, tt := range []struct {
		name     string
		from, to string
		want     string
	}{
		{"reference", `"before":"`, `"takes_back":[3],"before":"`, "reference transaction 3"},
		{"manifest", `"after":"`, `"after":"` + strings.Repeat("0", 64) + `","x":"`, "reference transaction 3"},
		{"id", `"id":3`, `"id":7`, "record transaction 3"},
		{"parent", `"parent_hash":"`, `"parent_hash":"0`, "chain transaction 3"},
		{"decision", `"reason":"loads`, `"reason":"has`, "intent intent script2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := statetest.Dir(t.TempDir())
			l := open(t, dir, state.Options{})
			for n := range 3 {
				run(t, l, n)
			}
			l.Close()
			edit(t, dir, func(tx *bbolt.Tx) error {
				b := tx.Bucket([]byte("transactions"))
				if err := replace(b, id(3), tt.from, tt.to); err != nil {
					return err
				}
				record := string(b.Get(id(3)))
				body := record[:len(record)-len(`"}`)-64]
				return b.Put(id(3), []byte(body+sum(body+`"}`)+`"}`))
			})
			problems, err := open(t, dir, state.Options{ReadOnly: true}).Verify()
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range problems {
				if p.Kind+" "+p.Where == tt.want {
					return
				}
			}
			t.Errorf("problems %v, want %q", problems, tt.want)
		})
	}
}

// TestBomb has a blob of a few kilobytes that unpacks to more than any blob may.
func TestBomb(t *testing.T) {
	dir := statetest.Dir(t.TempDir())
	l := open(t, dir, state.Options{})
	big := make([]byte, 16<<20)
	name := sum(string(big))
	if _, err := l.Begin(state.Transaction{}, state.Manifest{}, map[string][]byte{name: big}); err != nil {
		t.Fatal(err)
	}
	l.Close()
	edit(t, dir, func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte("blobs"))
		key, _ := hex.DecodeString(name)
		packed := b.Get(key)[1:]
		return b.Put(key, append([]byte{1, 0, 4, 0, 0xFB, 0xFF, 'b', 'o', 'm', 'b'}, packed...))
	})
	_, err := open(t, dir, state.Options{}).Blob(name)
	if d, ok := errors.AsType[*state.DamageError](err); !ok || !strings.Contains(d.Message, "more than") {
		t.Errorf("got %v", err)
	}
}

func TestMeta(t *testing.T) {
	for _, tt := range []struct {
		name   string
		edit   func(*bbolt.Tx) error
		newer  bool
		damage bool
	}{
		{"newer format", func(tx *bbolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte("format"), []byte("2")) }, true, false},
		{"newer format, other buckets", func(tx *bbolt.Tx) error {
			return errors.Join(tx.DeleteBucket([]byte("journal")), tx.Bucket([]byte("meta")).Put([]byte("format"), []byte("12")))
		}, true, false},
		{"no format", func(tx *bbolt.Tx) error { return tx.Bucket([]byte("meta")).Delete([]byte("format")) }, false, true},
		{"format 0", func(tx *bbolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte("format"), []byte("0")) }, false, true},
		{"other id", func(tx *bbolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte("id"), []byte("0")) }, false, true},
		{"no meta", func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("meta")) }, false, true},
		{"no journal", func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("journal")) }, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := statetest.Dir(t.TempDir())
			open(t, dir, state.Options{}).Close()
			edit(t, dir, tt.edit)
			for range 2 { // the lock is given back when opening fails
				_, err := state.Open(dir, statetest.Name, state.Options{})
				if got := errors.Is(err, state.ErrNewer); got != tt.newer {
					t.Errorf("got %v", err)
				}
				if _, got := errors.AsType[*state.DamageError](err); got != tt.damage {
					t.Errorf("got %v", err)
				}
			}
		})
	}
}
