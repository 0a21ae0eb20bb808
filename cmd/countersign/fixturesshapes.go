package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/countersign/countersign/fixtures/gen"
)

// has reports whether an object has all of some fields.
func has(fields map[string]json.RawMessage, names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return fields[name] == nil })
}

// isUnsendable reports whether an object is a gen.Unsendable, isUnusual whether it is a case of the corpus's unusual.json.
func isUnsendable(fields map[string]json.RawMessage) bool {
	return has(fields, "operation", "constraint", "how", "reason")
}
func isUnusual(fields map[string]json.RawMessage) bool {
	return len(fields) == 2 && has(fields, "case", "reply")
}

// isEnv reports whether an object is what 'countersign env --format json' prints.
func (c *fixtureCheck) isEnv(fields map[string]json.RawMessage) bool {
	return slices.ContainsFunc(c.vendors, func(v *fixtureVendor) bool {
		var section map[string]json.RawMessage
		return json.Unmarshal(fields[v.Name], &section) == nil && section["url"] != nil
	})
}

// unsendable judges what negatives have no request for.
func (c *fixtureCheck) unsendable(text []byte) []*violation {
	c.records++
	var u gen.Unsendable
	if all := violations(unsendableSchema, text); len(all) > 0 || json.Unmarshal(text, &u) != nil {
		return all
	}
	if _, op := c.find(u.Operation); op == nil {
		return []*violation{{"/operation", fmt.Sprintf("no operation is named %q", u.Operation)}}
	}
	return nil
}

// unusual judges the reply of a case.
func (c *fixtureCheck) unusual(fields map[string]json.RawMessage) ([]*violation, error) {
	var reply map[string]json.RawMessage
	_ = json.Unmarshal(fields["reply"], &reply)
	all, err := c.reply(fields["reply"], reply)
	for _, v := range all {
		v.Pointer = "/reply" + v.Pointer
	}
	return all, err
}

// env judges the addresses, credentials and ids of a world: texts and lists of texts, by vendor.
func (c *fixtureCheck) env(fields map[string]json.RawMessage) (out []*violation) {
	c.records++
	for _, vendor := range slices.Sorted(maps.Keys(fields)) {
		at := pointerOf([]string{vendor})
		var section map[string]json.RawMessage
		if json.Unmarshal(fields[vendor], &section) != nil {
			if vendor != "ca_certificate" {
				out = append(out, &violation{at, "want the texts and lists of a vendor"})
			}
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(section)) {
			var text string
			var list []string
			if json.Unmarshal(section[name], &text) != nil && json.Unmarshal(section[name], &list) != nil {
				out = append(out, &violation{at + pointerOf([]string{name}), "want a text or a list of texts"})
			}
		}
	}
	return out
}

// twice is the place of a name that an object has twice, which readers take differently; "" if there is none. text is JSON.
func twice(text []byte) string {
	dec := json.NewDecoder(bytes.NewReader(text))
	found, _ := twiceIn(dec, "")
	return found
}

// twiceIn reads one value.
func twiceIn(dec *json.Decoder, at string) (string, error) {
	token, err := dec.Token()
	begin, ok := token.(json.Delim)
	if err != nil || !ok {
		return "", err
	}
	seen := map[string]bool{}
	for i := 0; dec.More(); i++ {
		place := at + "/" + fmt.Sprint(i)
		if begin == '{' {
			name, err := dec.Token()
			if err != nil {
				return "", err
			}
			text, _ := name.(string)
			if place = at + pointerOf([]string{text}); seen[text] {
				return place, nil
			}
			seen[text] = true
		}
		if found, err := twiceIn(dec, place); found != "" || err != nil {
			return found, err
		}
	}
	_, err = dec.Token()
	return "", err
}
