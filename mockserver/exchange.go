package mockserver

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/countersign/countersign/mockserver/disk"
	"github.com/countersign/countersign/mockserver/store"
)

// exportVersion is the version of the form that Export writes.
const exportVersion = 1

// exported is the form of an exported world. Records come last, so that whoever reads knows by then what the world is.
type exported struct {
	Version int             `json:"countersign_world"`
	Setting WorldSetting    `json:"setting"`
	State   worldState      `json:"state"`
	Vendors []exportedStore `json:"vendors"`
}

type exportedStore struct {
	Vendor    string           `json:"vendor"`
	Sequences map[string]int64 `json:"sequences,omitempty"`
	// Collections are in the order in which they are declared.
	Collections []exportedRecords `json:"collections"`
}

type exportedRecords struct {
	Collection string            `json:"collection"`
	Records    []json.RawMessage `json:"records"`
}

// Export writes the world as it is at this moment as one JSON document that ImportWorld reads: how it was made, clocks,
// counters, faults, and every record, credentials too. Snapshots and nonces are not part of it.
func (w *World) Export(ctx context.Context, to io.Writer) error {
	w.mu.Lock()
	p, err := w.picture(func(worldState) error { return nil })
	w.mu.Unlock()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(to)
	fmt.Fprintf(out, "{\"countersign_world\": %d,\n\"setting\": %s,\n\"state\": %s,\n\"vendors\": [", exportVersion, mustJSON(&w.setting), mustJSON(&p.state))
	for i, plug := range w.server.plugs {
		if i > 0 {
			_, _ = out.WriteString(",")
		}
		if err := exportStore(out, plug, p.stores[i].Snapshot(ctx)); err != nil {
			return err
		}
	}
	_, _ = out.WriteString("]}\n")
	return out.Flush()
}

// exportStore writes one vendor's records, one a line.
func exportStore(out *bufio.Writer, p *plugged, tx *store.Tx) error {
	fmt.Fprintf(out, "\n{\"vendor\": %q, \"sequences\": %s, \"collections\": [", p.Name, mustJSON(tx.Sequences()))
	for i, c := range p.Collections {
		if i > 0 {
			_, _ = out.WriteString(",")
		}
		fmt.Fprintf(out, "\n{\"collection\": %q, \"records\": [", c.Name())
		between := "\n"
		var problem error
		err := tx.Scan(c, store.PrimaryIndex, "", store.Range{}, func(rec any) bool {
			var raw []byte
			if raw, problem = json.Marshal(rec); problem == nil {
				_, problem = out.WriteString(between + string(raw))
			}
			between = ",\n"
			return problem == nil
		})
		if err := errors.Join(err, problem); err != nil {
			return err
		}
		_, _ = out.WriteString("]}")
	}
	_, err := out.WriteString("]}")
	return err
}

// ImportOptions say how a world is imported. The zero value works.
type ImportOptions struct {
	// Name is the world's. Empty: the exported one's, or a new one where that is taken.
	Name string
	// KeepCredentials imports the credentials as they were exported; then no other world may have them. Else they are
	// minted anew.
	KeepCredentials bool
}

// ImportWorld makes a world of what Export has written. Records are checked as those of a world file are. A reset goes
// back to what was imported. Errors: what is wrong with the document, ErrWorldTaken, *ClaimError, *disk.Error.
func (s *Server) ImportWorld(ctx context.Context, from io.Reader, o ImportOptions) (*World, error) {
	var in exported
	dec := json.NewDecoder(from)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return nil, fmt.Errorf("not an exported world: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not an exported world: there is something behind the document")
	}
	if in.Version != exportVersion {
		return nil, fmt.Errorf("countersign_world is %d; this countersign reads version %d", in.Version, exportVersion)
	}
	setting := in.Setting
	setting.KeepCredentials, setting.Base, setting.Generate = o.KeepCredentials, baseEmpty, nil
	if setting.Name = o.Name; o.Name == "" && !s.taken(in.Setting.Name) {
		setting.Name = in.Setting.Name
	}
	return s.make(setting, func(w *World, done *disk.Change) (*picture, error) {
		if err := w.keepBase(s.bases.empty); err != nil {
			return nil, err
		}
		stores, err := w.imported(ctx, &in, done)
		if err != nil {
			return nil, err
		}
		if !o.KeepCredentials {
			err = w.mintAll(ctx, stores)
		}
		if err == nil {
			err = w.restore(&in.State)
		}
		return &picture{stores: stores, state: w.state()}, err
	})
}

func (s *Server) taken(world string) bool {
	s.worlds.mu.RLock()
	defer s.worlds.mu.RUnlock()
	return s.worlds.byName[world] != nil
}

// imported makes the stores of an exported world.
func (w *World) imported(ctx context.Context, in *exported, done *disk.Change) ([]*store.Store, error) {
	stores, err := w.server.emptyStores()
	if err != nil {
		return nil, err
	}
	w.collecting(stores, done)
	for _, v := range in.Vendors {
		p := w.server.plug(v.Vendor)
		if p == nil {
			return nil, fmt.Errorf("it has records of the vendor %q, which is not served", v.Vendor)
		}
		err := w.setupMany(ctx, p, stores[p.index], seeded(w.identity(), loadStream), func(l *recordsLoader) error { return l.take(&v) })
		if err != nil {
			return nil, err
		}
	}
	return stores, nil
}

// take puts an exported vendor's records and counters into an empty store.
func (l *recordsLoader) take(v *exportedStore) error {
	for _, part := range v.Collections {
		i := l.plug.place(part.Collection)
		if i < 0 {
			return fmt.Errorf("%s has no collection %q", v.Vendor, part.Collection)
		}
		err := l.loadMany(i, len(part.Records), func() (func(int) []byte, error) { return func(n int) []byte { return part.Records[n] }, nil })
		if err != nil {
			return ofRecord(v.Vendor, part.Collection, 0, err)
		}
	}
	for name, n := range v.Sequences {
		if err := l.Tx.SetSequence(name, n); err != nil {
			return err
		}
	}
	return nil
}

// place is where a collection stands among the vendor's, -1 if it has none of that name.
func (p *plugged) place(collection string) int {
	for i, c := range p.Collections {
		if c.Name() == collection {
			return i
		}
	}
	return -1
}
