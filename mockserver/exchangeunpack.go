package mockserver

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"

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
	body, err := m.block(blockHead, nil)
	if err != nil {
		return nil, nil, err
	}
	if err := json.Unmarshal(body, &m.packed); err != nil {
		return nil, nil, damaged("its head: %w", err)
	}
	return &m.packed.Setting, &m.packed.State, nil
}

// block reads a block, which has to be of a kind, into the room if it is large enough.
func (m *packedImport) block(kind byte, room []byte) ([]byte, error) {
	var prefix [blockPrefix]byte
	if _, err := io.ReadFull(m.from, prefix[:]); err != nil {
		return nil, m.short(err)
	}
	n := binary.LittleEndian.Uint32(prefix[:])
	if n == 0 || n > blockMost {
		return nil, damaged("a part of %d bytes", n)
	}
	body, err := readN(m.from, int(n), room)
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

// readN reads so many bytes, into the room if they fit. It takes no more memory than there are.
func readN(from io.Reader, n int, room []byte) ([]byte, error) {
	const sure = 1 << 20
	if n <= sure {
		body := slices.Grow(room[:0], n)[:n]
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
	if _, err := m.block(blockEnd, nil); err != nil {
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
	u := &unpacking{from: m, vendor: uint64(vendor), number: uint64(number), all: of.Records, collection: c} //nolint:gosec // not negative
	if of.Schema != l.plug.schemaSum(place) {
		u.check = func(rec any) error { return l.plug.checkAgain(place, rec) }
	}
	made, err := u.records()
	if err != nil {
		return ofRecord(l.plug.Name, of.Collection, err)
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
	first   int // the number of the first one
	made    []any
	problem error
}

// unpacking makes a collection's records, on every core: one reads a block while the others make records of theirs.
type unpacking struct {
	vendor, number uint64
	all            int
	collection     *store.Collection
	// check, if set, holds every record against the schema.
	check func(any) error

	mu     sync.Mutex // guards what follows
	from   *packedImport
	blocks []*recordsBlock
	read   int // how many records are in them
	// problem is what keeps it from reading on.
	problem error
}

// records returns all records, or the first problem.
func (u *unpacking) records() ([]any, error) {
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(u.work)
	}
	wg.Wait()
	for _, b := range u.blocks {
		if b.problem != nil {
			return nil, b.problem
		}
	}
	if u.problem != nil {
		return nil, u.problem
	}
	made := make([]any, 0, u.read)
	for _, b := range u.blocks {
		made = append(made, b.made...)
	}
	return made, nil
}

// work makes records of blocks until there are no more, or there is a problem.
func (u *unpacking) work() {
	from := u.collection.Unpacker()
	var room []byte
	for {
		b, packed, body := u.next(room)
		if b == nil {
			return
		}
		room = body
		if b.problem = u.unpack(from, b, packed); b.problem != nil {
			u.mu.Lock()
			u.problem = b.problem
			u.mu.Unlock()
			return
		}
	}
}

// next reads a block, nil if it is not to. body is the memory that packed lies in.
func (u *unpacking) next(room []byte) (b *recordsBlock, packed, body []byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.problem != nil || u.read == u.all {
		return nil, nil, nil
	}
	if body, u.problem = u.from.block(blockRecords, room); u.problem != nil {
		return nil, nil, nil
	}
	n, packed, err := u.count(body)
	if err != nil {
		u.problem = err
		return nil, nil, nil
	}
	b = &recordsBlock{first: u.read, made: make([]any, 0, n)}
	u.blocks = append(u.blocks, b)
	u.read += n
	return b, packed, body
}

// count reads whose records a block has, and how many.
func (u *unpacking) count(body []byte) (n int, packed []byte, err error) {
	var numbers [3]uint64
	for i := range numbers {
		x, n := binary.Uvarint(body)
		if n <= 0 {
			return 0, nil, damaged("a part of records has no numbers")
		}
		numbers[i], body = x, body[n:]
	}
	many := numbers[2]
	if numbers[0] != u.vendor || numbers[1] != u.number || many == 0 || many > uint64(min(u.all-u.read, len(body))) { //nolint:gosec // not negative
		return 0, nil, damaged("%d records of collection %d of vendor %d are out of place", many, numbers[1], numbers[0])
	}
	return int(many), body, nil //nolint:gosec // at most all
}

func (u *unpacking) unpack(from *store.Unpacker, b *recordsBlock, packed []byte) error {
	from.Begin(packed)
	for i := range cap(b.made) {
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
