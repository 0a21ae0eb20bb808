package mockserver

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/countersign/countersign/mockserver/shape"
	"github.com/countersign/countersign/mockserver/store"
)

// packedImport reads what ExportPacked has written.
type packedImport struct {
	server *Server
	from   *bufio.Reader
	packed packedHead
}

// damaged says that a packed world is not as it was written.
func damaged(format string, args ...any) error {
	return fmt.Errorf("the packed world is damaged: "+format, args...)
}

func (m *packedImport) head() (*WorldSetting, *worldState, error) {
	line, err := m.from.ReadSlice('\n')
	if err != nil || string(line) != packedLine {
		return nil, nil, fmt.Errorf("it begins with %.60q; this countersign reads worlds that begin with %q", line, packedLine)
	}
	body, err := m.block(blockHead)
	if err != nil {
		return nil, nil, err
	}
	if err := json.Unmarshal(body, &m.packed); err != nil {
		return nil, nil, damaged("its head: %w", err)
	}
	return &m.packed.Setting, &m.packed.State, nil
}

// block reads a block, which has to be of a kind.
func (m *packedImport) block(kind byte) ([]byte, error) {
	var prefix [blockPrefix]byte
	if _, err := io.ReadFull(m.from, prefix[:]); err != nil {
		return nil, m.short(err)
	}
	n := binary.LittleEndian.Uint32(prefix[:])
	if n == 0 || n > blockMost {
		return nil, damaged("a part of %d bytes", n)
	}
	body, err := readN(m.from, int(n))
	if err != nil {
		return nil, m.short(err)
	}
	if shape.Sum(body) != binary.LittleEndian.Uint32(prefix[4:]) {
		return nil, damaged("a checksum is wrong")
	}
	if body[0] != kind {
		return nil, damaged("there is a part %q where %q is wanted", body[0], kind)
	}
	return body[1:], nil
}

// readN reads so many bytes, and takes no more memory than there are.
func readN(from io.Reader, n int) ([]byte, error) {
	const sure = 1 << 20
	if n <= sure {
		body := make([]byte, n)
		_, err := io.ReadFull(from, body)
		return body, err
	}
	body, err := io.ReadAll(io.LimitReader(from, int64(n)))
	if err == nil && len(body) < n {
		err = io.ErrUnexpectedEOF
	}
	return body, err
}

func (m *packedImport) short(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("it is cut short")
	}
	return fmt.Errorf("the packed world: %w", err)
}

func (m *packedImport) records(into intoVendor) error {
	defer m.server.loading(m.packed.records())()
	for i := range m.packed.Vendors {
		v := &m.packed.Vendors[i]
		err := into(v.Vendor, func(l *recordsLoader) error {
			for place := range v.Collections {
				if err := m.collection(l, i, place); err != nil {
					return err
				}
			}
			return l.setSequences(v.Sequences)
		})
		if err != nil {
			return err
		}
	}
	if _, err := m.block(blockEnd); err != nil {
		return err
	}
	if _, err := m.from.ReadByte(); !errors.Is(err, io.EOF) {
		return damaged("there is something behind its end")
	}
	return nil
}

// collection puts the records of a collection, by its number and its vendor's.
func (m *packedImport) collection(l *recordsLoader, vendor, number int) error {
	of := &m.packed.Vendors[vendor].Collections[number]
	place := l.plug.place(of.Collection)
	if place < 0 {
		return fmt.Errorf("%s has no collection %q", l.plug.Name, of.Collection)
	}
	c := l.plug.Collections[place]
	if of.Records > 0 && of.Layout != c.Layout() {
		return fmt.Errorf("the packed world has other records of %s.%s than this countersign: export it as JSON with the one that packed it", l.plug.Name, of.Collection)
	}
	u := &unpacking{collection: c}
	if of.Schema != l.plug.schemaSum(place) {
		u.check = func(rec any) error { return l.plug.checkAgain(place, rec) }
	}
	made := make([]any, 0, min(of.Records, surely))
	for len(made) < of.Records {
		blocks, err := m.blocks(uint64(vendor), uint64(number), len(made), of.Records) //nolint:gosec // not negative
		if err == nil {
			err = u.unpack(blocks)
		}
		if err != nil {
			return ofRecord(l.plug.Name, of.Collection, err)
		}
		for _, b := range blocks {
			made = append(made, b.made...)
		}
	}
	return ofRecord(l.plug.Name, of.Collection, l.put(place, made, nil))
}

// checkAgain holds a record against the collection's schema.
func (p *plugged) checkAgain(place int, rec any) error {
	raw, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	return p.checkRecord(place, raw)
}

// recordsBlock is a block of records.
type recordsBlock struct {
	first  int // the number of the first one
	n      int
	packed []byte
	made   []any
}

// blocksAtOnce is how many blocks are read for each core before their records are made.
const blocksAtOnce = 8

// surely is for how many records memory is taken before they are there.
const surely = 1 << 20

// blocks reads some blocks of a collection's records, from one of them on.
func (m *packedImport) blocks(vendor, number uint64, first, all int) (list []*recordsBlock, err error) {
	for first < all && len(list) < blocksAtOnce*runtime.GOMAXPROCS(0) {
		body, err := m.block(blockRecords)
		if err != nil {
			return nil, err
		}
		var numbers [3]uint64
		for i := range numbers {
			x, n := binary.Uvarint(body)
			if n <= 0 {
				return nil, damaged("a part of records has no numbers")
			}
			numbers[i], body = x, body[n:]
		}
		n := numbers[2]
		if numbers[0] != vendor || numbers[1] != number || n == 0 || n > uint64(min(all-first, len(body))) { //nolint:gosec // not negative
			return nil, damaged("%d records of collection %d of vendor %d are out of place", n, numbers[1], numbers[0])
		}
		list = append(list, &recordsBlock{first: first, n: int(n), packed: body}) //nolint:gosec // at most all
		first += int(n)                                                           //nolint:gosec // the same
	}
	return list, nil
}

// unpacking makes records of blocks, on every core.
type unpacking struct {
	collection *store.Collection
	// check, if set, holds every record against the schema.
	check func(any) error
}

func (u *unpacking) unpack(blocks []*recordsBlock) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	problems := make([]error, len(blocks))
	for range min(runtime.GOMAXPROCS(0), len(blocks)) {
		wg.Go(func() {
			from := u.collection.Unpacker()
			for i := next.Add(1) - 1; i < int64(len(blocks)); i = next.Add(1) - 1 {
				problems[i] = u.block(from, blocks[i])
			}
		})
	}
	wg.Wait()
	for _, err := range problems {
		if err != nil {
			return err
		}
	}
	return nil
}

func (u *unpacking) block(from *store.Unpacker, b *recordsBlock) error {
	from.Begin(b.packed)
	b.made = make([]any, 0, b.n)
	for i := range b.n {
		rec, err := from.Record()
		if err != nil {
			return damaged("%w", err)
		}
		if u.check != nil {
			if err := u.check(rec); err != nil {
				return &badRecord{b.first + i, err}
			}
		}
		b.made = append(b.made, rec)
	}
	if err := from.End(); err != nil {
		return damaged("%w", err)
	}
	return nil
}
