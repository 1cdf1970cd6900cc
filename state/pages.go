package state

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
)

// The layout of a bbolt file. Numbers in it have the byte order of the machine
// that wrote it, which is little-endian on all that bootledger is built for.
const (
	pageSize    = 4096
	headerSize  = 16 // of a page: number 8, flags 2, count 2, overflow 4
	elementSize = 16 // of a branch: position 4, key size 4, page 8; of a leaf: flags 4, position 4, key size 4, value size 4
	bucketSize  = 16 // root page 8, sequence 8; root 0: the page follows, inline

	branchPage   = 0x01
	leafPage     = 0x02
	metaPage     = 0x04
	freelistPage = 0x10

	bucketElement = 0x01

	metaMagic   = 0xED0CDAED
	metaVersion = 2
	metaSize    = 64 // magic 4, version 4, page size 4, flags 4, root bucket 16, freelist 8, pages 8, transaction 8, checksum 8

	firstPage = 2  // after the two metas
	maxDepth  = 32 // a tree of 65,536 pages has 3 levels
)

// checkPages walks everything that bbolt would follow from the meta page that it
// would choose, and says what bbolt could not survive: a page out of range, used
// twice, of the wrong kind or out of its place, an element out of its page, keys
// out of order. It visits each page once, so it ends, and it takes no byte for
// granted. What the pages say is not its business.
//
// The other meta page is the one before; the next commit reuses its pages, so
// they need not make sense.
func checkPages(file []byte) error {
	m, err := chooseMeta(file)
	if err != nil {
		return err
	}
	w := walk{file: file, pages: m.pages, used: make([]bool, m.pages)}
	if err := w.tree(m.root, 0, nil, nil); err != nil {
		return err
	}
	return w.freelist(m.freelist)
}

type meta struct {
	root, freelist uint64
	pages          uint64 // number of pages in use, the metas included
	transaction    uint64
}

// chooseMeta chooses as bbolt does, which looks neither at a meta page's header
// nor at a second page size, and then looks at both.
func chooseMeta(file []byte) (meta, error) {
	if len(file) < 2*pageSize {
		return meta{}, damagedPage(0, "the file has %d bytes, less than two pages", len(file))
	}
	var chosen meta
	slot := uint64(2)
	for i := range uint64(2) {
		page := file[i*pageSize:]
		if !soundMeta(page) {
			continue
		}
		b := page[headerSize:]
		if size := binary.LittleEndian.Uint32(b[8:]); size != pageSize {
			return meta{}, damagedPage(i, "its page size is %d", size)
		}
		m := meta{
			root:        binary.LittleEndian.Uint64(b[16:]),
			freelist:    binary.LittleEndian.Uint64(b[32:]),
			pages:       binary.LittleEndian.Uint64(b[40:]),
			transaction: binary.LittleEndian.Uint64(b[48:]),
		}
		if slot == 2 || m.transaction > chosen.transaction {
			chosen, slot = m, i
		}
	}
	switch {
	case slot == 2:
		return meta{}, damagedPage(0, "neither meta page is sound")
	case !soundMeta(file) && (soundMeta(file[pageSize/4:]) || soundMeta(file[pageSize/2:])):
		// Without page 0, bbolt tries page sizes from 1 KiB up.
		return meta{}, damagedPage(0, "it hides a meta page")
	}
	if h := header(file[slot*pageSize:]); h.number() != slot || h.flags() != metaPage || chosen.transaction%2 != slot {
		return meta{}, damagedPage(slot, "it is a meta page out of its place")
	}
	if chosen.pages > uint64(len(file))/pageSize {
		return meta{}, damagedPage(slot, "it counts %d pages in a file of %d bytes", chosen.pages, len(file))
	}
	return chosen, nil
}

func soundMeta(page []byte) bool {
	b := page[headerSize : headerSize+metaSize]
	return binary.LittleEndian.Uint32(b) == metaMagic &&
		binary.LittleEndian.Uint32(b[4:]) == metaVersion &&
		binary.LittleEndian.Uint64(b[metaSize-8:]) == metaChecksum(b)
}

func metaChecksum(b []byte) uint64 {
	sum := fnv.New64a()
	sum.Write(b[:metaSize-8])
	return sum.Sum64()
}

// header is a page with what overflows from it, or at least its first bytes.
type header []byte

func (h header) number() uint64   { return binary.LittleEndian.Uint64(h) }
func (h header) flags() uint16    { return binary.LittleEndian.Uint16(h[8:]) }
func (h header) count() uint64    { return uint64(binary.LittleEndian.Uint16(h[10:])) }
func (h header) overflow() uint64 { return uint64(binary.LittleEndian.Uint32(h[12:])) }

type walk struct {
	file  []byte
	pages uint64
	used  []bool // by page number
}

// page returns the page with that number, whole, and marks it as used.
func (w *walk) page(number uint64) (header, error) {
	if number < firstPage || number >= w.pages {
		return nil, damagedPage(number, "it is outside of %d pages", w.pages)
	}
	h := header(w.file[number*pageSize:])
	if h.number() != number {
		return nil, damagedPage(number, "it calls itself page %d", h.number())
	}
	if h.overflow() >= w.pages-number {
		return nil, damagedPage(number, "it overflows into %d pages of %d", h.overflow(), w.pages)
	}
	end := number + h.overflow() + 1
	for i := number; i < end; i++ {
		if w.used[i] {
			return nil, damagedPage(i, "it is used twice")
		}
		w.used[i] = true
	}
	return h[:(end-number)*pageSize], nil
}

// tree walks the pages from number down. Keys must lie from low to below high;
// nil is no bound.
func (w *walk) tree(number uint64, depth int, low, high []byte) error {
	if depth > maxDepth {
		return damagedPage(number, "it lies deeper than %d", maxDepth)
	}
	p, err := w.page(number)
	if err != nil {
		return err
	}
	elements, err := p.elements()
	if err != nil {
		return damagedPage(number, "%v", err)
	}
	if len(elements) == 0 && (p.flags() == branchPage || low != nil) {
		return damagedPage(number, "it is empty")
	}
	if err := checkOrder(elements, low, high); err != nil {
		return damagedPage(number, "%v", err)
	}
	for i, e := range elements {
		switch {
		case p.flags() == branchPage:
			next := high
			if i+1 < len(elements) {
				next = elements[i+1].key
			}
			err = w.tree(e.child, depth+1, e.key, next)
		case e.flags == bucketElement:
			err = w.bucket(number, e.value, depth+1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// bucket walks a bucket that stands as a value on page number.
func (w *walk) bucket(number uint64, value []byte, depth int) error {
	if len(value) < bucketSize {
		return damagedPage(number, "a bucket of %d bytes", len(value))
	}
	root, inline := binary.LittleEndian.Uint64(value), header(value[bucketSize:])
	switch {
	case root != 0 && len(inline) > 0:
		return damagedPage(number, "a bucket with two roots")
	case root != 0:
		return w.tree(root, depth, nil, nil)
	case len(inline) < headerSize || inline.number() != 0 || inline.flags() != leafPage || inline.overflow() != 0:
		return damagedPage(number, "an inline bucket that is none")
	}
	elements, err := inline.elements()
	if err == nil {
		err = checkOrder(elements, nil, nil)
	}
	for _, e := range elements {
		if e.flags == bucketElement {
			err = fmt.Errorf("another bucket in it")
		}
	}
	if err != nil {
		return damagedPage(number, "inline bucket: %v", err)
	}
	return nil
}

// freelist checks that no page is both free and in use: bbolt would write to it.
func (w *walk) freelist(number uint64) error {
	p, err := w.page(number)
	if err != nil {
		return err
	}
	if p.flags() != freelistPage {
		return damagedPage(number, "it is no freelist")
	}
	count, body := p.count(), p[headerSize:]
	if count == 0xFFFF { // more than the header can say
		count, body = binary.LittleEndian.Uint64(body), body[8:]
	}
	if count > uint64(len(body))/8 {
		return damagedPage(number, "it lists %d free pages in %d bytes", count, len(body))
	}
	last := uint64(firstPage - 1)
	for i := range count {
		free := binary.LittleEndian.Uint64(body[8*i:])
		if free <= last || free >= w.pages || w.used[free] {
			return damagedPage(number, "it lists page %d as free", free)
		}
		last = free
	}
	return nil
}

type element struct {
	flags      uint32
	key, value []byte
	child      uint64
}

// elements returns what a branch or a leaf holds. They stand in the order of their
// keys and do not overlap, as bbolt writes them, so that walking all of them takes
// no longer than the file is long.
func (h header) elements() ([]element, error) {
	if h.flags() != branchPage && h.flags() != leafPage {
		return nil, fmt.Errorf("neither branch nor leaf: flags %#x", h.flags())
	}
	used := headerSize + elementSize*h.count()
	if used > uint64(len(h)) {
		return nil, fmt.Errorf("%d elements in %d bytes", h.count(), len(h))
	}
	elements := make([]element, h.count())
	for i := range elements {
		start := uint64(headerSize + elementSize*i)
		words := h[start:]
		word := func(i int) uint64 { return uint64(binary.LittleEndian.Uint32(words[4*i:])) }
		var e element
		var position, keySize, valueSize uint64
		if h.flags() == branchPage {
			position, keySize, e.child = word(0), word(1), binary.LittleEndian.Uint64(words[8:])
		} else {
			e.flags, position, keySize, valueSize = uint32(word(0)), word(1), word(2), word(3)
		}
		key := start + position
		value := key + keySize
		end := value + valueSize
		switch {
		case e.flags > bucketElement:
			return nil, fmt.Errorf("element %d has flags %#x", i, e.flags)
		case keySize == 0:
			return nil, fmt.Errorf("element %d has no key", i)
		case key < used || end > uint64(len(h)):
			return nil, fmt.Errorf("element %d is out of its place", i)
		}
		e.key, e.value = h[key:value:value], h[value:end:end]
		elements[i], used = e, end
	}
	return elements, nil
}

func checkOrder(elements []element, low, high []byte) error {
	for i, e := range elements {
		switch {
		case i == 0 && bytes.Compare(e.key, low) < 0,
			i > 0 && bytes.Compare(e.key, elements[i-1].key) <= 0,
			high != nil && bytes.Compare(e.key, high) >= 0:
			return fmt.Errorf("element %d is out of order", i)
		}
	}
	return nil
}

func damagedPage(number uint64, format string, args ...any) error {
	return &DamageError{Where: fmt.Sprintf("page %d", number), Message: fmt.Sprintf(format, args...)}
}
