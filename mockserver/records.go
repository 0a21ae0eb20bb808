package mockserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/countersign/countersign/mockserver/store"
)

// ErrRecordTaken says that a record that is to be created is there already.
var ErrRecordTaken = errors.New("a record already has the id")

// RecordName names a record of a world.
type RecordName struct {
	// Collection is "vendor.collection".
	Collection string `json:"collection"`
	ID         string `json:"id"`
}

func (n RecordName) String() string { return n.Collection + "/" + n.ID }

// ReferredError says that a record cannot be deleted, since others refer to it.
type ReferredError struct {
	RecordName
	// By are some of those that do; More says that there are others.
	By   []RecordName
	More bool
}

func (e *ReferredError) Error() string {
	names := make([]string, len(e.By))
	for i, n := range e.By {
		names[i] = n.String()
	}
	if e.More {
		names = append(names, "others")
	}
	return fmt.Sprintf("%s is referred to by %s: delete those first, or all of them with cascade", e.RecordName, strings.Join(names, ", "))
}

// mostReferring bounds how many records a ReferredError names.
const mostReferring = 5

// place of a collection: its vendor and its number there.
type placed struct {
	plug *plugged
	i    int
}

func (c placed) collection() *store.Collection { return c.plug.Collections[c.i] }
func (c placed) name() string                  { return c.plug.Name + "." + c.collection().Name() }

// placedIn finds a vendor's collection.
func (s *Server) placedIn(vendor, collection string) (placed, error) {
	p := s.plug(vendor)
	if p == nil {
		return placed{}, fmt.Errorf("%w: no vendor is named %q", store.ErrNotFound, vendor)
	}
	if i := p.place(collection); i >= 0 {
		return placed{p, i}, nil
	}
	return placed{}, fmt.Errorf("%w: %s has no collection %q", store.ErrNotFound, vendor, collection)
}

// Record returns a record of one of a vendor's collections, in the vendor's own type. It must not be changed. Error:
// store.ErrNotFound.
func (w *World) Record(ctx context.Context, vendor, collection, id string) (any, error) {
	c, err := w.server.placedIn(vendor, collection)
	if err != nil {
		return nil, err
	}
	return w.record(ctx, c, id)
}

func (w *World) record(ctx context.Context, c placed, id string) (any, error) {
	rec, err := w.store(c.plug).Snapshot(ctx).GetAny(c.collection(), id)
	if err != nil {
		return nil, fmt.Errorf("%s has no record %q: %w", c.name(), id, err)
	}
	return rec, nil
}

// CreateRecord puts a record, as JSON, into a collection and returns it in the vendor's own type. Errors: ErrRecordTaken and
// those of PutRecord.
func (w *World) CreateRecord(ctx context.Context, vendor, collection string, data []byte) (any, error) {
	c, err := w.server.placedIn(vendor, collection)
	if err != nil {
		return nil, err
	}
	rec, err := c.decode(data)
	if err != nil {
		return nil, err
	}
	return rec, w.createRecord(ctx, c, rec)
}

func (w *World) createRecord(ctx context.Context, c placed, rec any) error {
	return w.update(ctx, c.plug, func(tx *store.Tx) error {
		id := c.collection().ID(rec)
		if _, err := tx.GetAny(c.collection(), id); err == nil {
			return fmt.Errorf("%w %q in %s", ErrRecordTaken, id, c.name())
		}
		return tx.PutAny(c.collection(), rec)
	})
}

// PutRecord puts a record, as JSON, into a collection, in the place of one with its id; created says that there was none. It
// is held against the collection's schema and references as records of world files are. Errors: *RecordError,
// *store.InvalidError, *store.ReferenceError, *store.DuplicateError, *ClaimError, store.ErrNotFound for the collection,
// *disk.Error.
func (w *World) PutRecord(ctx context.Context, vendor, collection string, data []byte) (rec any, created bool, err error) {
	c, err := w.server.placedIn(vendor, collection)
	if err != nil {
		return nil, false, err
	}
	if rec, err = c.decode(data); err != nil {
		return nil, false, err
	}
	created, err = w.putRecord(ctx, c, rec)
	return rec, created, err
}

func (w *World) putRecord(ctx context.Context, c placed, rec any) (created bool, err error) {
	err = w.update(ctx, c.plug, func(tx *store.Tx) error {
		_, err := tx.GetAny(c.collection(), c.collection().ID(rec))
		created = err != nil
		return tx.PutAny(c.collection(), rec)
	})
	return created, err
}

// PatchRecord changes a record by a JSON merge patch (RFC 7396: fields of the patch replace those of the record, null takes
// them away) and returns what it is then. The id stays as it is. Errors: store.ErrNotFound and those of PutRecord.
func (w *World) PatchRecord(ctx context.Context, vendor, collection, id string, patch []byte) (any, error) {
	c, err := w.server.placedIn(vendor, collection)
	if err != nil {
		return nil, err
	}
	return w.patchRecord(ctx, c, id, patch)
}

func (w *World) patchRecord(ctx context.Context, c placed, id string, patch []byte) (rec any, err error) {
	if err := checkPatch(patch); err != nil {
		return nil, err
	}
	err = w.update(ctx, c.plug, func(tx *store.Tx) (err error) {
		rec, err = c.patch(tx, id, patch)
		return err
	})
	return rec, err
}

// DeleteRecord deletes a record and returns what was deleted. A record that others refer to is not deleted, unless cascade
// asks for them to go with it, and those that refer to them: what is left always refers to what is there, or no world of
// it could be exported, kept and made again. Errors: store.ErrNotFound, *ReferredError, *disk.Error.
func (w *World) DeleteRecord(ctx context.Context, vendor, collection, id string, cascade bool) ([]RecordName, error) {
	c, err := w.server.placedIn(vendor, collection)
	if err != nil {
		return nil, err
	}
	return w.deleteRecord(ctx, c, id, cascade)
}

func (w *World) deleteRecord(ctx context.Context, c placed, id string, cascade bool) (gone []RecordName, err error) {
	err = w.update(ctx, c.plug, func(tx *store.Tx) (err error) {
		gone, err = c.delete(tx, id, cascade)
		return err
	})
	return gone, err
}

// decode reads a record strictly and holds it against the schema.
func (c placed) decode(data []byte) (any, error) {
	if err := c.plug.checkRecord(c.i, data); err != nil {
		return nil, err
	}
	rec, err := c.collection().Decode(data)
	if err != nil {
		return nil, &RecordError{Collection: c.collection().Name(), Schema: c.collection().SchemaName(), Reason: err.Error()}
	}
	return rec, nil
}

// patch changes one record.
func (c placed) patch(tx *store.Tx, id string, patch []byte) (any, error) {
	old, err := tx.GetAny(c.collection(), id)
	if err != nil {
		return nil, fmt.Errorf("%s has no record %q: %w", c.name(), id, err)
	}
	text, err := json.Marshal(old)
	if err != nil {
		return nil, err
	}
	if text, err = mergePatch(text, patch); err != nil {
		return nil, err
	}
	rec, err := c.decode(text)
	if err != nil {
		return nil, err
	}
	if now := c.collection().ID(rec); now != id {
		return nil, &RecordError{Collection: c.collection().Name(), Schema: c.collection().SchemaName(),
			Reason: fmt.Sprintf("the patch would make the id %q of %q: put another record instead", now, id)}
	}
	return rec, tx.PutAny(c.collection(), rec)
}

// delete deletes one record and, with cascade, what refers to it.
func (c placed) delete(tx *store.Tx, id string, cascade bool) ([]RecordName, error) {
	if _, err := tx.GetAny(c.collection(), id); err != nil {
		return nil, fmt.Errorf("%s has no record %q: %w", c.name(), id, err)
	}
	list := []RecordName{{c.name(), id}}
	r := referring{plug: c.plug, tx: tx, gone: map[RecordName]bool{list[0]: true}}
	for todo := []placed{c}; len(todo) > 0; { // the collections of which more goes than was looked at
		found, err := r.to(todo[0].collection().Name())
		if err != nil {
			return nil, err
		}
		if len(found) > 0 && !cascade {
			return nil, r.refuse(list[0], found)
		}
		todo = todo[1:]
		for i, f := range found {
			list = append(list, f.name)
			if i == 0 || found[i-1].in != f.in {
				todo = append(todo, f.in)
			}
		}
	}
	for _, n := range list {
		_, name, _ := strings.Cut(n.Collection, ".")
		if err := tx.DeleteAny(c.plug.collection(name), n.ID); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// referring finds the records that refer to those that go.
type referring struct {
	plug *plugged
	tx   *store.Tx
	gone map[RecordName]bool
}

type foundRecord struct {
	in   placed
	name RecordName
}

// to finds those that refer to what goes of a collection and do not go yet. It walks every collection that refers to it.
func (r *referring) to(collection string) (found []foundRecord, err error) {
	for i, from := range r.plug.Collections {
		in := placed{r.plug, i}
		for _, to := range from.RefersTo() {
			if to != collection {
				continue
			}
			err := r.tx.Scan(from, store.PrimaryIndex, "", store.Range{}, func(rec any) bool {
				name := RecordName{in.name(), from.ID(rec)}
				if !r.gone[name] && r.refers(from, rec, collection) {
					r.gone[name] = true
					found = append(found, foundRecord{in, name})
				}
				return true
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// refers reports whether a record refers to one of the collection that goes.
func (r *referring) refers(from *store.Collection, rec any, collection string) bool {
	for _, ref := range from.Referred(rec) {
		if ref.To == collection && r.gone[RecordName{r.plug.Name + "." + collection, ref.ID}] {
			return true
		}
	}
	return false
}

func (r *referring) refuse(of RecordName, found []foundRecord) error {
	e := &ReferredError{RecordName: of, More: len(found) > mostReferring}
	for _, f := range found[:min(len(found), mostReferring)] {
		e.By = append(e.By, f.name)
	}
	return e
}

// errPatch says that a body is no merge patch for a record.
var errPatch = errors.New("a merge patch for a record is a JSON object")

func checkPatch(patch []byte) error {
	if !json.Valid(patch) || !bytes.HasPrefix(bytes.TrimSpace(patch), []byte("{")) {
		return errPatch
	}
	return nil
}

// mergePatch applies a JSON merge patch (RFC 7396).
func mergePatch(target, patch []byte) ([]byte, error) {
	var t, p any
	for into, text := range map[*any][]byte{&t: target, &p: patch} {
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.UseNumber()
		if err := dec.Decode(into); err != nil {
			return nil, err
		}
	}
	return json.Marshal(merged(t, p))
}

func merged(target, patch any) any {
	fields, is := patch.(map[string]any)
	if !is {
		return patch
	}
	out, is := target.(map[string]any)
	if !is {
		out = map[string]any{}
	}
	for name, value := range fields {
		if value == nil {
			delete(out, name)
		} else {
			out[name] = merged(out[name], value)
		}
	}
	return out
}
