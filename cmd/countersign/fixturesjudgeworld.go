package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/specs"
)

// world judges a world file: its fields, its records one by one, and then, as 'countersign serve' would load it, whether
// they belong together.
func (c *fixtureCheck) world(ctx context.Context, a *app, text []byte, fields map[string]json.RawMessage) ([]*violation, error) {
	out := unknownFields(fields)
	judged := c.records
	var all map[string]map[string][]json.RawMessage
	if records := fields["records"]; records != nil && json.Unmarshal(records, &all) != nil {
		out = append(out, &violation{"/records", "want vendors, in them collections, in them lists of records"})
	}
	for _, vendor := range slices.Sorted(maps.Keys(all)) {
		for _, name := range slices.Sorted(maps.Keys(all[vendor])) {
			out = append(out, c.collected(vendor, name, all[vendor][name])...)
		}
	}
	if c.records == judged {
		c.records++ // the file itself
	}
	if len(out) > 0 {
		return out, nil
	}
	return a.loads(ctx, text)
}

// unknownFields are those that a world file does not have.
func unknownFields(fields map[string]json.RawMessage) (out []*violation) {
	known := worldFieldNames()
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(known, name) && name != "$schema" {
			out = append(out, &violation{pointerOf([]string{name}), "a world file has no such field; there are " + strings.Join(known, ", ")})
		}
	}
	return out
}

// collected judges the records of one collection.
func (c *fixtureCheck) collected(vendor, name string, records []json.RawMessage) (out []*violation) {
	at := pointerOf([]string{"records", vendor, name})
	collection := c.collection(vendor, name)
	if collection == nil {
		c.records++
		return []*violation{{at, "there is no such collection"}}
	}
	first := map[string]int{}
	for i, record := range records {
		c.records++
		place := at + "/" + strconv.Itoa(i)
		for _, v := range violations(collection.Schema, record) {
			out = append(out, &violation{place + v.Pointer, v.What})
		}
		key := keyOf(collection, record)
		if earlier, there := first[key]; there {
			out = append(out, &violation{place, fmt.Sprintf("has the %s of record %d", strings.Join(collection.Key, ", "), earlier)})
			continue
		}
		first[key] = i
	}
	return out
}

// keyOf is what tells a record from the others.
func keyOf(c *specs.Collection, record []byte) string {
	var fields map[string]any
	_ = json.Unmarshal(record, &fields) // the schema says what is wrong
	parts := make([]any, len(c.Key))
	for i, name := range c.Key {
		if parts[i] = fields[name]; parts[i] == nil {
			parts[i] = "" // an absent one counts so
		}
	}
	return fmt.Sprintf("%q", parts)
}

func (c *fixtureCheck) collection(vendor, name string) *specs.Collection {
	for _, v := range c.vendors {
		if v.Name == vendor {
			return v.Spec.Collection(name)
		}
	}
	return nil
}

// loads says why a server would not start with a world. A world over a fixture that only some server has is not loaded.
func (a *app) loads(ctx context.Context, text []byte) ([]*violation, error) {
	setting, err := parseWorld(text)
	if err != nil {
		return []*violation{{What: err.Error()}}, nil
	}
	if setting.Base != "" && setting.Base != "demo" && setting.Base != "empty" {
		return nil, nil
	}
	srv, err := mockserver.New(mockserver.Options{Vendors: a.plugs(), Wall: a.now, World: setting, Generate: a.generate})
	if err != nil {
		return []*violation{{What: "a server does not load it: " + strings.TrimPrefix(err.Error(), "default world: ")}}, nil
	}
	return nil, srv.Shutdown(ctx)
}
