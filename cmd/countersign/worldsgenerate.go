package main

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/countersign/countersign/fixtures/gen"
)

// generate makes the records of a world of that size: those that `countersign fixtures --kind world` writes.
func (a *app) generate(ctx context.Context, seed, count uint64) (map[string]json.RawMessage, error) {
	vendors, err := a.generators("")
	if err != nil {
		return nil, err
	}
	out := map[string]json.RawMessage{}
	for _, v := range vendors {
		if out[v.Name], err = generated(ctx, v.Vendor, gen.Options{Seed: seed}, count); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// generated makes one vendor's records: {"collection": [record, ...], ...}.
func generated(ctx context.Context, v *gen.Vendor, o gen.Options, count uint64) (json.RawMessage, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	between := ""
	for _, part := range v.World(count) {
		series, err := part.Kind.Series(o)
		if err != nil {
			return nil, err
		}
		out.WriteString(between + `"` + part.Kind.Collection + `":`)
		between = "["
		var record []byte
		for i := range part.Count {
			if i%1024 == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			record = series.Append(record[:0], i)
			out.WriteString(between)
			out.Write(record)
			between = ","
		}
		if part.Count == 0 {
			out.WriteByte('[')
		}
		out.WriteByte(']')
		between = ","
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}
