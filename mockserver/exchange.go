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

// Export writes the world as it is at this moment as one JSON document that ImportWorld reads: how it was made, clocks,
// counters, faults, and every record, credentials too. Snapshots and nonces are not part of it. Records come last, so that
// whoever reads knows by then what the world is.
func (w *World) Export(ctx context.Context, to io.Writer) error {
	p, err := w.now()
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

// now is the world as it is.
func (w *World) now() (*picture, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.picture(func(worldState) error { return nil })
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

// importing is an exported world that is being read.
type importing interface {
	// head reads how the world was made and what it was, as far as can be told without its records.
	head() (*WorldSetting, *worldState, error)
	// records reads the records and counters into the vendors' stores, and all that is left.
	records(into intoVendor) error
}

// intoVendor runs fill on a vendor's records, in one transaction.
type intoVendor func(vendor string, fill func(*recordsLoader) error) error

// ImportWorld makes a world of what Export or ExportPacked has written. Records of a JSON document are checked as those of a
// world file are, packed ones where they were made by a program with other schemas. A reset goes back to what was imported.
// Errors: what is wrong with the export, ErrWorldTaken, *ClaimError, *disk.Error.
func (s *Server) ImportWorld(ctx context.Context, from io.Reader, o ImportOptions) (*World, error) {
	in, err := s.importingFrom(from)
	if err != nil {
		return nil, err
	}
	exported, state, err := in.head()
	if err != nil {
		return nil, err
	}
	setting := *exported
	setting.KeepCredentials, setting.Base, setting.Generate = o.KeepCredentials, baseEmpty, nil
	if setting.Name = o.Name; o.Name == "" && !s.taken(exported.Name) {
		setting.Name = exported.Name
	}
	return s.make(setting, func(w *World, done *disk.Change) (*picture, error) {
		if err := w.keepBase(s.bases.empty); err != nil {
			return nil, err
		}
		stores, err := w.imported(ctx, in, done)
		if err == nil && !o.KeepCredentials {
			err = w.mintAll(ctx, stores)
		}
		if err == nil {
			err = w.restore(state)
		}
		return &picture{stores: stores, state: w.state()}, err
	})
}

// importingFrom tells the forms of an exported world apart.
func (s *Server) importingFrom(from io.Reader) (importing, error) {
	start := bufio.NewReaderSize(from, streamPiece)
	begin, err := start.Peek(len(PackedBegin))
	switch {
	case string(begin) == PackedBegin:
		return &packedImport{server: s, from: start}, nil
	case err == nil || errors.Is(err, io.EOF):
		return &jsonImport{in: &jsonStream{from: start}}, nil
	}
	return nil, explained(&badDocument{err})
}

func (s *Server) taken(world string) bool {
	s.worlds.mu.RLock()
	defer s.worlds.mu.RUnlock()
	return s.worlds.byName[world] != nil
}

// imported makes the stores of an exported world.
func (w *World) imported(ctx context.Context, in importing, done *disk.Change) ([]*store.Store, error) {
	stores, err := w.server.emptyStores()
	if err != nil {
		return nil, err
	}
	w.collecting(stores, done)
	return stores, in.records(func(vendor string, fill func(*recordsLoader) error) error {
		p := w.server.plug(vendor)
		if p == nil {
			return fmt.Errorf("it has records of the vendor %q, which is not served", vendor)
		}
		return w.setupMany(ctx, p, stores[p.index], seeded(w.identity(), loadStream), fill)
	})
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
