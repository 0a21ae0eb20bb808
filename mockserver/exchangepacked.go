package mockserver

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"

	"github.com/countersign/countersign/mockserver/shape"
	"github.com/countersign/countersign/mockserver/store"
)

// What ExportPacked writes begins with PackedBegin and a version. PackedType is its media type.
const (
	PackedBegin = "countersign world, packed "
	PackedType  = "application/vnd.countersign.world"
)

// A packed world is a line that says what it is, and blocks: the length of what is in the block and its checksum, both as
// four bytes, the lowest first, then a letter and what the letter says:
//
//	h  the head, as JSON: how the world was made, what it was, and what is packed of each collection
//	r  records: which vendor and which of its collections, by their numbers in the head, how many, and these
//	e  nothing: the end
//
// Each block of records can be read without the others.
const (
	packedLine = PackedBegin + "1\n"

	blockHead    = 'h'
	blockRecords = 'r'
	blockEnd     = 'e'
	// blockFull is how many bytes of records make a block full.
	blockFull = 1 << 16
	// blockMost bounds a block, in bytes: a record is as long as a request to the admin API, or as a line of an import.
	blockMost = maxImport
)

// packedHead says what a packed world holds.
type packedHead struct {
	Setting WorldSetting   `json:"setting"`
	State   worldState     `json:"state"`
	Vendors []packedVendor `json:"vendors"`
}

// records is how many it says there are.
func (h *packedHead) records() (n int) {
	for _, v := range h.Vendors {
		for _, c := range v.Collections {
			n += max(c.Records, 0)
		}
	}
	return n
}

type packedVendor struct {
	Vendor      string             `json:"vendor"`
	Sequences   map[string]int64   `json:"sequences,omitempty"`
	Collections []packedCollection `json:"collections"`
}

type packedCollection struct {
	Collection string `json:"collection"`
	// Layout is how its records are packed, Schema a sum of the schema that they fit.
	Layout  string `json:"layout"`
	Schema  string `json:"schema"`
	Records int    `json:"records"`
}

// ExportPacked is Export in fewer bytes, for a countersign with the same records: one that has others refuses to read it.
// Each part of it has a checksum, so that what is imported need not be checked record by record.
func (w *World) ExportPacked(ctx context.Context, to io.Writer) error {
	p, err := w.now()
	if err != nil {
		return err
	}
	out := &blockWriter{to: bufio.NewWriterSize(to, blockFull)}
	head := packedHead{Setting: w.setting, State: p.state}
	stores := make([]*store.Tx, len(p.stores))
	for i, plug := range w.server.plugs {
		stores[i] = p.stores[i].Snapshot(ctx)
		head.Vendors = append(head.Vendors, plug.packed(stores[i]))
	}
	if _, err := out.to.WriteString(packedLine); err != nil {
		return err
	}
	if err := out.write(blockHead, mustJSON(&head)); err != nil {
		return err
	}
	for i, plug := range w.server.plugs {
		for place := range plug.Collections {
			if err := out.records(stores[i], plug, place); err != nil {
				return err
			}
		}
	}
	if err := out.write(blockEnd, nil); err != nil {
		return err
	}
	return out.to.Flush()
}

// packed says what is packed of a vendor.
func (p *plugged) packed(tx *store.Tx) packedVendor {
	v := packedVendor{Vendor: p.Name, Sequences: tx.Sequences()}
	for place, c := range p.Collections {
		v.Collections = append(v.Collections, packedCollection{c.Name(), c.Layout(), p.schemaSum(place), tx.CountAny(c)})
	}
	return v
}

// schemaSum is a text that differs for collections of other schemas.
func (p *plugged) schemaSum(place int) string {
	sum := sha256.Sum256(mustJSON(p.Spec.Collection(p.Collections[place].Name()).Shape))
	return hex.EncodeToString(sum[:16])
}

// blockWriter writes the blocks of a packed world.
type blockWriter struct {
	to  *bufio.Writer
	buf []byte
}

// begin begins a block in buf.
func (b *blockWriter) begin(kind byte) { b.buf = append(b.buf[:0], 0, 0, 0, 0, 0, 0, 0, 0, kind) }

// blockPrefix is how many bytes stand before a block: length and checksum.
const blockPrefix = 8

// end writes the block that was begun.
func (b *blockWriter) end() error {
	body := b.buf[blockPrefix:]
	binary.LittleEndian.PutUint32(b.buf, uint32(len(body))) //nolint:gosec // blockMost at most
	binary.LittleEndian.PutUint32(b.buf[4:], shape.Sum(body))
	_, err := b.to.Write(b.buf)
	return err
}

func (b *blockWriter) write(kind byte, body []byte) error {
	b.begin(kind)
	b.buf = append(b.buf, body...)
	return b.end()
}

// records writes the records of a collection.
func (b *blockWriter) records(tx *store.Tx, p *plugged, place int) error {
	c := p.Collections[place]
	var k shape.Packer
	var packed []byte
	n := uint64(0)
	flush := func() error {
		b.begin(blockRecords)
		for _, number := range []uint64{uint64(p.index), uint64(place), n} { //nolint:gosec // not negative
			b.buf = binary.AppendUvarint(b.buf, number)
		}
		b.buf = append(b.buf, packed...)
		packed, n = packed[:0], 0
		k.Reset()
		return b.end()
	}
	var problem error
	err := tx.Scan(c, store.PrimaryIndex, "", store.Range{}, func(rec any) bool {
		if packed, problem = c.AppendPacked(packed, &k, rec); problem == nil {
			n++
		}
		if problem == nil && len(packed) >= blockFull {
			problem = flush()
		}
		return problem == nil
	})
	if err == nil {
		err = problem
	}
	if err == nil && n > 0 {
		err = flush()
	}
	return err
}
