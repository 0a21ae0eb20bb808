package specs

import (
	"encoding/json"
	"errors"
	"fmt"
)

func decodeExtension[T any](ext map[string]any, name string) (T, error) {
	var out T
	v, ok := ext[name]
	if !ok {
		return out, nil
	}
	data, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		return out, fmt.Errorf("%s: %w", name, err)
	}
	return out, nil
}

// Part is what the extensions of a parameter or body say.
type Part struct {
	Refusals   Refusals
	AllowEmpty bool
	Secret     bool
	// Blank is the assumption by which a parameter of white space counts as empty, "" if none does.
	Blank string
}

// PartOf reads the extensions beside a parameter or body; outer are the operation's refusals.
func PartOf(ext map[string]any, outer Refusals) (Part, error) {
	own, err1 := decodeExtension[Refusals](ext, "x-refusals")
	allowEmpty, err2 := decodeExtension[bool](ext, "x-allow-empty")
	secret, err3 := decodeExtension[bool](ext, "x-secret")
	blank, err4 := decodeExtension[string](ext, "x-blank")
	return Part{Refusals: own.or(outer), AllowEmpty: allowEmpty, Secret: secret, Blank: blank}, errors.Join(err1, err2, err3, err4)
}

// Overlay names the schema that a reply has in worlds which chose Value for Assumption.
type Overlay struct{ Assumption, Value, Schema string }

// OverlaysOf reads the x-overlays of a response, in a fixed order.
func OverlaysOf(ext map[string]any) ([]Overlay, error) {
	all, err := decodeExtension[map[string]map[string]string](ext, "x-overlays")
	var out []Overlay
	for _, id := range sortedKeys(all) {
		for _, value := range sortedKeys(all[id]) {
			out = append(out, Overlay{id, value, all[id][value]})
		}
	}
	return out, err
}
