package mockserver

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// jsonImport reads what Export has written: {"countersign_world": 1, "setting": {...}, "state": {...}, "vendors": [{"vendor":
// "...", "sequences": {...}, "collections": [{"collection": "...", "records": [...]}, ...]}, ...]}. The order counts for
// nothing, but in this one a world is read piece by piece.
type jsonImport struct {
	in      *jsonStream
	version int
	setting WorldSetting
	state   worldState
	// vendors is set where they came before the rest, or not at all.
	vendors []byte
}

// explained says of what a document's error is.
func explained(err error) error {
	if errors.As(err, new(*badDocument)) {
		return fmt.Errorf("not an exported world: %w", err)
	}
	return err
}

// unknownField is what encoding/json says of a field that there is not.
func unknownField(name string) error { return badDocumentf("json: unknown field %q", name) }

func (j *jsonImport) head() (*WorldSetting, *worldState, error) {
	err := j.in.want('{')
	left := map[string]any{"countersign_world": &j.version, "setting": &j.setting, "state": &j.state}
	for first, more := true, true; err == nil && more; first = false {
		if more, err = j.in.item('}', first); err == nil && more {
			more, err = j.headField(left)
		} else if j.vendors == nil {
			j.vendors = []byte("null")
		}
	}
	if err == nil && j.version != exportVersion {
		err = fmt.Errorf("countersign_world is %d; this countersign reads version %d", j.version, exportVersion)
	}
	return &j.setting, &j.state, explained(err)
}

// headField reads a field of those that are left. It reports whether to go on: not in front of the vendors, if all else
// is read.
func (j *jsonImport) headField(left map[string]any) (more bool, err error) {
	name, err := j.in.name()
	into := left[name]
	switch {
	case err != nil:
		return false, err
	case name == "vendors" && len(left) == 0 && j.vendors == nil:
		return false, nil
	case name == "vendors" && j.vendors == nil:
		raw, err := j.in.value()
		j.vendors = bytes.Clone(raw)
		return true, err
	case into == nil:
		return false, unknownField(name)
	}
	delete(left, name)
	return true, j.in.decode(into)
}

func (j *jsonImport) records(into intoVendor) error {
	vendors := j.in
	if j.vendors != nil {
		vendors = &jsonStream{buf: j.vendors}
	}
	err := vendors.each(func() error { return j.vendor(vendors, into) })
	if err == nil && j.vendors == nil {
		err = j.in.between('}', func() error { return badDocumentf("there is a field behind the vendors") })
	}
	if err == nil {
		err = j.in.end()
	}
	return explained(err)
}

// vendor reads one vendor's records and counters.
func (j *jsonImport) vendor(in *jsonStream, into intoVendor) error {
	var vendor string
	var sequences map[string]int64
	var early []byte
	err := in.fields(func(name string) (err error) {
		switch {
		case name == "vendor":
			return in.decode(&vendor)
		case name == "sequences":
			return in.decode(&sequences)
		case name == "collections" && vendor != "":
			return into(vendor, func(l *recordsLoader) error { return j.collections(in, l) })
		case name == "collections":
			raw, err := in.value()
			early = bytes.Clone(raw)
			return err
		}
		return unknownField(name)
	})
	if err != nil {
		return err
	}
	return into(vendor, func(l *recordsLoader) error {
		if early != nil {
			if err := j.collections(&jsonStream{buf: early}, l); err != nil {
				return err
			}
		}
		return l.setSequences(sequences)
	})
}

func (l *recordsLoader) setSequences(sequences map[string]int64) error {
	for _, name := range slices.Sorted(maps.Keys(sequences)) {
		if err := l.Tx.SetSequence(name, sequences[name]); err != nil {
			return err
		}
	}
	return nil
}

// collections reads the records of a vendor's collections.
func (j *jsonImport) collections(in *jsonStream, l *recordsLoader) error {
	return in.each(func() error {
		var collection string
		var early []byte
		err := in.fields(func(name string) error {
			switch {
			case name == "collection":
				return in.decode(&collection)
			case name == "records" && collection != "":
				return l.readRecords(collection, in)
			case name == "records":
				raw, err := in.value()
				early = bytes.Clone(raw)
				return err
			}
			return unknownField(name)
		})
		if err == nil && early != nil {
			err = l.readRecords(collection, &jsonStream{buf: early})
		}
		return err
	})
}

// textsAtOnce is how many bytes of records are read before they are made.
const textsAtOnce = 1 << 20

// readRecords puts the records of a list of them, made piece by piece.
func (l *recordsLoader) readRecords(collection string, in *jsonStream) error {
	place := l.plug.place(collection)
	if place < 0 {
		return fmt.Errorf("%s has no collection %q", l.plug.Name, collection)
	}
	var made []any
	var piece textPiece
	more := func() (err error) {
		m := &recordsMaker{l.Tx.Context(), l.plug.Collections[place], l.texts(place, piece.text)}
		some, err := m.make(len(piece.ends))
		if bad := (*badRecord)(nil); errors.As(err, &bad) {
			err = &badRecord{len(made) + bad.n, bad.err}
		}
		made = append(made, some...)
		piece.reset()
		return err
	}
	err := in.each(func() error {
		raw, err := in.value()
		if err == nil && piece.add(raw) >= textsAtOnce {
			err = more()
		}
		return err
	})
	if err == nil {
		err = more()
	}
	if errors.As(err, new(*badDocument)) {
		return err
	}
	return ofRecord(l.plug.Name, collection, l.put(place, made, err))
}

// textPiece is some of many texts.
type textPiece struct {
	all  []byte
	ends []int
}

func (p *textPiece) reset() { p.all, p.ends = p.all[:0], p.ends[:0] }

// add adds a text and returns how many bytes there are.
func (p *textPiece) add(text []byte) int {
	p.all = append(p.all, text...)
	p.ends = append(p.ends, len(p.all))
	return len(p.all)
}

func (p *textPiece) text(i int) []byte {
	if i == 0 {
		return p.all[:p.ends[0]]
	}
	return p.all[p.ends[i-1]:p.ends[i]]
}
