package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/countersign/countersign/fixtures/gen"
	"github.com/countersign/countersign/fixtures/gen/format"
)

// fixtureSet is what one file holds.
type fixtureSet struct {
	// name is the file's where only a folder is named, without what tells the format.
	name string
	// total is how many records there will be, 0 where nobody knows.
	total   uint64
	formats []format.Name
	// write writes the records; each is called with every one before it is written.
	write func(w io.Writer, n format.Name, each func(*format.Record) error) error
	// note, if not "", is what is told of them when they are written.
	note string
	// validate says where a record leaves the documents. nil: it is wrong on purpose.
	validate func(*format.Record) error
}

// fixtureSets are what the flags ask for, one for each kind.
func (a *app) fixtureSets(ctx context.Context, f *fixtureFlags) ([]*fixtureSet, error) {
	f.guessFormat()
	only := f.vendor
	if v := a.vendorOfKind(f.kinds[0]); len(f.kinds) == 1 && v != "" && only == "" {
		only = v
	}
	vendors, err := a.generators(only)
	if err != nil {
		return nil, err
	}
	var made []*fixtureSet
	for _, kind := range f.kinds {
		s, err := a.fixtureSet(ctx, f, kind, vendors)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(s.formats, format.Name(f.format.value)) {
			return nil, usagef("--format %s: %s can be had as %s", f.format.value, kind, strings.Join(format.Words(s.formats), ", "))
		}
		if f.validate && s.validate == nil {
			return nil, usagef("--validate: %s are wrong on purpose; send them to 'countersign serve', which answers each with the refusal that it names", kind)
		}
		if slices.ContainsFunc(made, func(other *fixtureSet) bool { return other.name == s.name }) {
			return nil, usagef("--kind: %s is named twice", s.name)
		}
		made = append(made, s)
	}
	return made, nil
}

func (a *app) fixtureSet(ctx context.Context, f *fixtureFlags, kind string, vendors []*fixtureVendor) (*fixtureSet, error) {
	switch kind {
	case kindWorld:
		return f.world(vendors)
	case kindReplies, kindRequests, kindErrors, kindNegatives:
		return a.operationSet(ctx, f, kind, vendors)
	}
	return f.records(kind, vendors)
}

// records are the entities of a kind.
func (f *fixtureFlags) records(name string, vendors []*fixtureVendor) (*fixtureSet, error) {
	k, err := findKind(vendors, name)
	if err != nil {
		return nil, err
	}
	if err := f.without(name, "operation", "size", "sign", "at", "env", "url", "xml", "unsendable"); err != nil {
		return nil, err
	}
	series, err := k.kind.Series(f.options())
	if err != nil {
		return nil, f.blame(err)
	}
	options := format.Options{Shape: format.Entities, Schema: k.kind.Schema, Type: k.goType(), Title: fmt.Sprintf("%d %s of %s, seed %d", f.count, k.kind.Name, k.vendor.Name, f.seed)}
	check := schemaCheck(k.kind.Schema)
	return &fixtureSet{
		name: k.name(), total: f.count, formats: k.formats(),
		write: func(w io.Writer, n format.Name, each func(*format.Record) error) error {
			return written(n, w, options, func(emit func(*format.Record) error) error {
				return f.count64(series, emit)
			}, each)
		},
		validate: func(r *format.Record) error { return check(r.JSON) },
	}, nil
}

// count64 hands on the records of a series, all in the same buffer.
func (f *fixtureFlags) count64(series *gen.Series, emit func(*format.Record) error) error {
	var r format.Record
	for i := range f.count {
		r.JSON = series.Append(r.JSON[:0], i)
		if err := emit(&r); err != nil {
			return err
		}
	}
	return nil
}

// written writes what produce hands on.
func written(n format.Name, w io.Writer, o format.Options, produce func(emit func(*format.Record) error) error, each func(*format.Record) error) error {
	out, err := format.New(n, w, o)
	if err != nil {
		return err
	}
	err = produce(func(r *format.Record) error {
		if err := each(r); err != nil {
			return err
		}
		return out.Write(r)
	})
	if err != nil {
		return err
	}
	return out.Close()
}

// blame turns an error into wrong usage where a flag --set can be to blame.
func (f *fixtureFlags) blame(err error) error {
	if len(f.set) > 0 {
		return usagef("--set: %w", err)
	}
	return err
}

// world is a world file.
func (f *fixtureFlags) world(vendors []*fixtureVendor) (*fixtureSet, error) {
	if err := f.without(kindWorld, "operation", "size", "sign", "at", "env", "url", "set", "xml", "unsendable"); err != nil {
		return nil, err
	}
	s := &fixtureSet{name: kindWorld, formats: format.Formats(format.Worlds)}
	if f.vendor != "" {
		s.name = f.vendor + "." + kindWorld
	}
	parts := map[*fixtureVendor][]gen.Part{}
	for _, v := range vendors {
		parts[v] = v.World(f.count)
		for _, p := range parts[v] {
			s.total += p.Count
		}
	}
	var check func([]byte) error // of the part that is being written
	s.validate = func(r *format.Record) error { return check(r.JSON) }
	s.write = func(w io.Writer, n format.Name, each func(*format.Record) error) error {
		out, err := format.NewWorld(n, w, f.seed)
		if err != nil {
			return err
		}
		for _, v := range vendors {
			for _, p := range parts[v] {
				check = schemaCheck(p.Kind.Schema)
				if err := f.part(out, v.Name, p, each); err != nil {
					return err
				}
			}
		}
		return out.Close()
	}
	return s, nil
}

// part writes one collection of a world.
func (f *fixtureFlags) part(out *format.World, vendor string, p gen.Part, each func(*format.Record) error) error {
	series, err := p.Kind.Series(f.options())
	if err != nil {
		return err
	}
	if err := out.Begin(vendor, p.Kind.Collection); err != nil {
		return err
	}
	var r format.Record
	for i := range p.Count {
		r.JSON = series.Append(r.JSON[:0], i)
		if err := each(&r); err != nil {
			return err
		}
		if err := out.Write(r.JSON); err != nil {
			return err
		}
	}
	return nil
}
