package state_test

import (
	"encoding/binary"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/bootledger/bootledger/state"
	"github.com/bootledger/bootledger/state/statetest"
)

// damages are files that bbolt answers with a panic, a signal, a hang, or not at
// all. Meta pages have right checksums again unless they are what is damaged.
var damages = []struct {
	name string
	edit func(testing.TB, image) image
}{
	{"no database", func(_ testing.TB, im image) image { clear(im); return im }},
	{"one page", func(_ testing.TB, im image) image { return im[:pageSize] }},
	{"cut after the metas", func(_ testing.TB, im image) image { return im[:2*pageSize] }},
	{"last page cut", func(_ testing.TB, im image) image { return im[:im.u64(im.metaField(40))*pageSize-1] }},
	{"both checksums", func(_ testing.TB, im image) image { im[16+56]++; im[pageSize+16+56]++; return im }},
	{"page size", func(_ testing.TB, im image) image { im.put32(im.metaField(8), 1024); im.reseal(); return im }},
	{"metas swapped", func(_ testing.TB, im image) image {
		first := slices.Clone(im[:pageSize])
		copy(im, im[pageSize:2*pageSize])
		copy(im[pageSize:], first)
		return im
	}},
	{"hidden meta", func(_ testing.TB, im image) image {
		copy(im[1024:], im[:16+64])
		im[16]++
		return im
	}},
	{"root absurd", func(_ testing.TB, im image) image { im.setMeta(16, 1<<60); return im }},
	{"root inline", func(_ testing.TB, im image) image { im.setMeta(16, 0); return im }},
	{"root is a meta page", func(_ testing.TB, im image) image { im.setMeta(16, 1); return im }},
	{"page count absurd", func(_ testing.TB, im image) image { im.setMeta(40, 1<<60); return im }},
	{"no pages", func(_ testing.TB, im image) image { im.setMeta(40, 0); return im }},
	{"no freelist", func(_ testing.TB, im image) image { im.setMeta(32, 1<<64-1); return im }},
	{"freelist is a leaf", func(t testing.TB, im image) image { im.setMeta(32, im.page(t, leaf)/pageSize); return im }},
	{"freelist overwritten", func(_ testing.TB, im image) image {
		clear(im[im.u64(im.metaField(32))*pageSize:][:pageSize])
		return im
	}},
	{"freelist count", func(_ testing.TB, im image) image {
		im.put16(im.u64(im.metaField(32))*pageSize+10, 600)
		return im
	}},
	{"freelist long count", func(_ testing.TB, im image) image {
		at := im.u64(im.metaField(32)) * pageSize
		im.put16(at+10, 0xFFFF)
		im.put64(at+16, 1<<63)
		return im
	}},
	{"freelist out of range", func(_ testing.TB, im image) image {
		im.put64(im.u64(im.metaField(32))*pageSize+16, 1<<40)
		return im
	}},
	{"freelist has a meta page", func(_ testing.TB, im image) image {
		im.put64(im.u64(im.metaField(32))*pageSize+16, 1)
		return im
	}},
	{"freelist has a used page", func(t testing.TB, im image) image {
		at := im.u64(im.metaField(32)) * pageSize
		im.put16(at+10, 1)
		im.put64(at+16, im.page(t, leaf)/pageSize)
		return im
	}},
	{"freelist twice", func(_ testing.TB, im image) image {
		at := im.u64(im.metaField(32)) * pageSize
		im.put64(at+24, im.u64(at+16))
		return im
	}},
	{"child beyond the file", func(t testing.TB, im image) image { im.put64(im.page(t, branch)+16+8, 1<<40); return im }},
	{"child of itself", func(t testing.TB, im image) image {
		at := im.page(t, branch)
		im.put64(at+16+8, at/pageSize)
		return im
	}},
	{"child twice", func(t testing.TB, im image) image {
		at := im.page(t, branch)
		im.put64(at+16+16+8, im.u64(at+16+8))
		return im
	}},
	{"branch without elements", func(t testing.TB, im image) image { im.put16(im.page(t, branch)+10, 0); return im }},
	{"child without elements", func(t testing.TB, im image) image {
		im.put16(im.u64(im.page(t, branch)+16+8)*pageSize+10, 0)
		return im
	}},
	{"branch element out of its page", func(t testing.TB, im image) image { im.put32(im.page(t, branch)+16, pageSize); return im }},
	{"leaf element out of its page", func(t testing.TB, im image) image { im.put32(im.page(t, leaf)+16+4, 1<<31); return im }},
	{"element in the element table", func(t testing.TB, im image) image { im.put32(im.page(t, leaf)+16+4, 0); return im }},
	{"key too long", func(t testing.TB, im image) image { im.put32(im.page(t, leaf)+16+8, 1<<32-1); return im }},
	{"key empty", func(t testing.TB, im image) image { im.put32(im.page(t, leaf)+16+8, 0); return im }},
	{"value too long", func(t testing.TB, im image) image { im.put32(im.page(t, leaf)+16+12, 1<<32-1); return im }},
	{"element flags", func(t testing.TB, im image) image { im.put32(im.page(t, leaf)+16, 2); return im }},
	{"too many elements", func(t testing.TB, im image) image { im.put16(im.page(t, leaf)+10, 0xFFFE); return im }},
	{"page number", func(t testing.TB, im image) image { im[im.page(t, leaf)]++; return im }},
	{"page flags", func(t testing.TB, im image) image { im.put16(im.page(t, leaf)+8, 0x20); return im }},
	{"two kinds", func(t testing.TB, im image) image { im.put16(im.page(t, leaf)+8, leaf|branch); return im }},
	{"overflow", func(t testing.TB, im image) image { im.put32(im.page(t, leaf)+12, 1<<32-1); return im }},
	{"overflow into another", func(t testing.TB, im image) image { im.put32(im.page(t, leaf)+12, 1); return im }},
	{"order of keys", func(t testing.TB, im image) image {
		at := im.page(t, leaf)
		first := at + 16 + im.u32(at+16+4)
		copy(im[first:first+1], "\xff")
		return im
	}},
	{"key below its branch", func(t testing.TB, im image) image {
		second := im.page(t, branch) + 32
		at := im.u64(second+8) * pageSize
		clear(im[at+16+im.u32(at+16+4):][:im.u32(at+16+8)])
		return im
	}},
	{"key above its branch", func(t testing.TB, im image) image {
		at := im.u64(im.page(t, branch)+16+8) * pageSize
		last := at + 16*im.u16(at+10)
		im[last+im.u32(last+4)] = 0xFF
		return im
	}},
	{"bucket too short", func(_ testing.TB, im image) image {
		at := im.u64(im.metaField(16)) * pageSize
		im.put32(at+16+12, 8)
		return im
	}},
	{"bucket with two roots", func(t testing.TB, im image) image { im.put64(im.bucketValue(t, "meta"), 2); return im }},
	{"bucket root beyond the file", func(t testing.TB, im image) image { im.put64(im.bucketValue(t, "blobs"), 1<<50); return im }},
	{"bucket root is another's", func(t testing.TB, im image) image {
		im.put64(im.bucketValue(t, "blobs"), im.u64(im.bucketValue(t, "manifests")))
		return im
	}},
	{"inline root without page", func(t testing.TB, im image) image { im.put64(im.bucketValue(t, "blobs"), 0); return im }},
	{"inline flags", func(t testing.TB, im image) image { im.put16(im.bucketValue(t, "meta")+16+8, branch); return im }},
	{"inline overflow", func(t testing.TB, im image) image { im.put32(im.bucketValue(t, "meta")+16+12, 1); return im }},
	{"inline count", func(t testing.TB, im image) image { im.put16(im.bucketValue(t, "meta")+16+10, 0xFFFF); return im }},
	{"inline element", func(t testing.TB, im image) image { im.put32(im.bucketValue(t, "meta")+16+16+4, 3000); return im }},
	{"inline bucket in a bucket", func(t testing.TB, im image) image { im.put32(im.bucketValue(t, "meta")+16+16, 1); return im }},
	{"too deep", func(_ testing.TB, im image) image {
		used := im.u64(im.metaField(40))
		im = im[:used*pageSize]
		const levels = 40
		for n := used; n < used+levels; n++ {
			page := make([]byte, pageSize)
			binary.LittleEndian.PutUint64(page, n)
			binary.LittleEndian.PutUint16(page[8:], branch)
			binary.LittleEndian.PutUint16(page[10:], 1)
			binary.LittleEndian.PutUint32(page[16:], 16)
			binary.LittleEndian.PutUint32(page[20:], 1)
			binary.LittleEndian.PutUint64(page[24:], n+1)
			page[32] = 'a'
			im = append(im, page...)
		}
		im.setMeta(40, used+levels)
		im.setMeta(16, used)
		return im
	}},
}

func TestDamagedPages(t *testing.T) {
	base := newImage(t, 60)
	if err := state.CheckPages(base); err != nil {
		t.Fatalf("sound file refused: %v", err)
	}
	if len(base.free()) < 2 {
		t.Fatalf("free pages: %v", base.free())
	}
	for _, tt := range damages {
		t.Run(tt.name, func(t *testing.T) {
			im := tt.edit(t, slices.Clone(base))
			if _, ok := errors.AsType[*state.DamageError](state.CheckPages(im)); !ok {
				t.Fatalf("walk says %v", state.CheckPages(im))
			}
			for _, o := range []state.Options{{}, {ReadOnly: true}} {
				_, err := state.Open(im.dir(t), statetest.Name, o)
				if _, ok := errors.AsType[*state.DamageError](err); !ok {
					t.Errorf("Open(%+v) says %v", o, err)
				}
			}
		})
	}
}

// TestTornMeta cuts power in the middle of writing the newest meta page: the
// ledger is the one before the last commit.
func TestTornMeta(t *testing.T) {
	im := newImage(t, 10)
	im[im.metaField(50)]++
	l := open(t, im.dir(t), state.Options{})
	all, err := l.Transactions()
	if err != nil || len(all) != 9 {
		t.Errorf("%d transactions, %v", len(all), err)
	}
	problems, err := l.Verify()
	if len(problems) > 0 || err != nil {
		t.Errorf("problems %v, %v", problems, err)
	}
	if p, err := l.Pending(); p == nil || err != nil {
		t.Errorf("pending %v, %v", p, err)
	}
}

// TestShrunk takes pages away from a file that is mapped: the kernel answers with
// a signal, the ledger with an error.
func TestShrunk(t *testing.T) {
	dir := newImage(t, 20).dir(t)
	l := open(t, dir, state.Options{ReadOnly: true})
	if err := os.Truncate(filepath.Join(string(dir), statetest.Name), 2*pageSize); err != nil {
		t.Fatal(err)
	}
	_, err := l.Transactions()
	if _, ok := errors.AsType[*state.DamageError](err); !ok {
		t.Errorf("got %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestTooLarge(t *testing.T) {
	dir := newImage(t, 1).dir(t)
	if err := os.Truncate(filepath.Join(string(dir), statetest.Name), state.MaxSize+1); err != nil {
		t.Fatal(err)
	}
	_, err := state.Open(dir, statetest.Name, state.Options{})
	if _, ok := errors.AsType[*state.DamageError](err); !ok {
		t.Errorf("got %v", err)
	}
}

func TestFull(t *testing.T) {
	im := newImage(t, 1)
	im.setMeta(40, (state.MaxSize-state.Headroom)/pageSize+1)
	dir := im.dir(t)
	if err := os.Truncate(filepath.Join(string(dir), statetest.Name), state.MaxSize); err != nil {
		t.Fatal(err)
	}
	l := open(t, dir, state.Options{})
	tr, before, _, blobs := sample(1)
	if _, err := l.Begin(tr, before, blobs); err == nil {
		t.Error("began where Commit may find no room")
	}
	if all, err := l.Transactions(); err != nil || len(all) != 1 {
		t.Errorf("%d transactions, %v", len(all), err)
	}
}

// The defaults spare time.
var (
	flipStep = flag.Int("flip-step", 67, "flip every `n`th byte of a ledger")
	mutants  = flag.Int("mutants", 1000, "make that many changes to the structure of a ledger")
)

// TestFlippedBytes flips a bit of each byte of a ledger. A reader must see what
// was written, or be told.
func TestFlippedBytes(t *testing.T) {
	base := newImage(t, 3)
	want := see(t, base)
	before := slices.Clone(base)
	before[before.metaField(56)]++
	wantBefore := see(t, before)

	dir := statetest.Dir(tempDir(t))
	file, err := os.Create(filepath.Join(string(dir), statetest.Name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Write(base); err != nil {
		t.Fatal(err)
	}
	newest := int(base.newest())
	for at := 0; at < int(base.u64(base.metaField(40)))*pageSize; at += *flipStep {
		flipped := base[at] ^ 1<<(at%8)
		if _, err := file.WriteAt([]byte{flipped}, int64(at)); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		got, problems, err := read(dir)
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("byte %d: took %v", at, took)
		}
		told := err != nil || problems > 0
		rewound := at/pageSize == newest && got == wantBefore
		if !told && got != want && !rewound {
			t.Fatalf("byte %d from %#x to %#x: passed unnoticed", at, base[at], flipped)
		}
		if _, err := file.WriteAt(base[at:at+1], int64(at)); err != nil {
			t.Fatal(err)
		}
	}
	if got, problems, err := read(dir); got != want || problems > 0 || err != nil {
		t.Errorf("the test did not restore its file: %d problems, %v", problems, err)
	}
}

func see(t testing.TB, im image) string {
	t.Helper()
	seen, problems, err := read(im.dir(t))
	if problems > 0 || err != nil {
		t.Fatalf("%d problems, %v", problems, err)
	}
	return seen
}

// read reads and verifies all of a ledger.
func read(dir statetest.Dir) (seen string, problems int, err error) {
	l, err := state.Open(dir, statetest.Name, state.Options{ReadOnly: true})
	if err != nil {
		return "", 0, err
	}
	found, err := l.Verify()
	if err == nil {
		seen, err = dump(l)
	}
	return seen, len(found), errors.Join(err, l.Close())
}

// FuzzCheckPages edits a sound file: each edit is 3 bytes of offset and one to put
// there; the checksums of the metas are made right again. What the walk accepts
// must not harm bbolt.
func FuzzCheckPages(f *testing.F) {
	base := newImage(f, 16)
	for _, d := range damages {
		if im := d.edit(f, slices.Clone(base)); len(im) == len(base) {
			f.Add(diff(base, im))
		}
	}
	dir := statetest.Dir(tempDir(f))
	f.Fuzz(func(t *testing.T, edits []byte) {
		im := slices.Clone(base)
		for ; len(edits) >= 4; edits = edits[4:] {
			at := int(edits[0]) | int(edits[1])<<8 | int(edits[2])<<16
			im[at%len(im)] = edits[3]
		}
		im.reseal()
		if state.CheckPages(im) != nil {
			return
		}
		if err := os.WriteFile(filepath.Join(string(dir), statetest.Name), im, 0o600); err != nil {
			t.Fatal(err)
		}
		useAnyway(t, dir)
	})
}

// TestMutants changes a few bytes of the structure of a file, over and over, and
// has bbolt use what the walk accepts.
func TestMutants(t *testing.T) {
	base := newImage(t, 16)
	var structure []uint64 // offsets of pages with headers and elements
	for _, kind := range []uint64{branch, leaf, freelist} {
		structure = append(structure, base.pages(kind)...)
	}
	structure = append(structure, base.newest()*pageSize)
	dir := statetest.Dir(tempDir(t))
	random := rand.New(rand.NewPCG(1, 2))
	accepted := 0
	for range *mutants {
		im := slices.Clone(base)
		for range 1 + random.IntN(3) {
			at := structure[random.IntN(len(structure))] + random.Uint64N(16+6*16)
			im[at] = [...]byte{0, 1, 2, 0xFF, im[at] + 1, im[at] - 1, byte(random.Uint32())}[random.IntN(7)]
		}
		im.reseal()
		if state.CheckPages(im) != nil {
			continue
		}
		accepted++
		if err := os.WriteFile(filepath.Join(string(dir), statetest.Name), im, 0o600); err != nil {
			t.Fatal(err)
		}
		useAnyway(t, dir)
	}
	t.Logf("the walk accepted %d of %d", accepted, *mutants)
}

// useAnyway reads and writes a ledger that may say anything, but whose pages are
// sound: whatever comes of it, bbolt must not panic.
func useAnyway(t *testing.T, dir statetest.Dir) {
	t.Helper()
	l, err := state.Open(dir, statetest.Name, state.Options{})
	if err == nil {
		_, err = l.Verify()
		tr, before, _, blobs := sample(99)
		_, err2 := l.Begin(tr, before, blobs)
		err = errors.Join(err, err2, l.Close())
	}
	if d, ok := errors.AsType[*state.DamageError](err); ok && d.Where == "the pages" {
		t.Errorf("the walk accepted what made bbolt panic: %v", d)
	}
}

// diff returns the edits that lead from one file to another, few enough of them to
// be a seed.
func diff(from, to image) []byte {
	var edits []byte
	for at := range from {
		if from[at] != to[at] && len(edits) < 4*64 {
			edits = append(edits, byte(at), byte(at>>8), byte(at>>16), to[at])
		}
	}
	return edits
}

func FuzzCheckPagesRaw(f *testing.F) {
	base := newImage(f, 1)
	f.Add([]byte{})
	f.Add([]byte(base))
	f.Add([]byte(base[:3*pageSize]))
	f.Fuzz(func(_ *testing.T, file []byte) { _ = state.CheckPages(file) })
}
