package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/oasdiff/yaml"
	yaml3 "github.com/oasdiff/yaml3"

	"github.com/countersign/countersign/mockserver"
)

// readWorld reads a world file, YAML or JSON (every JSON text is YAML too). Its errors name the file and, where it is
// known, the line.
func readWorld(file string) (mockserver.WorldSetting, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return mockserver.WorldSetting{}, fmt.Errorf("world file: %w", err)
	}
	setting, err := parseWorld(text)
	if err != nil {
		return setting, fmt.Errorf("world file %s: %w", file, err)
	}
	return setting, nil
}

func parseWorld(text []byte) (mockserver.WorldSetting, error) {
	if setting, ok := jsonWorld(text); ok {
		return setting, nil
	}
	return yamlWorld(text)
}

func yamlWorld(text []byte) (setting mockserver.WorldSetting, err error) {
	fields, err := worldFields(text)
	if err != nil {
		return setting, err
	}
	data, err := yaml.YAMLToJSON(text)
	if err != nil {
		return setting, plainYAML(err)
	}
	if err := json.Unmarshal(data, &setting); err != nil {
		return setting, fields.explain(err)
	}
	return setting, nil
}

// plainYAML takes the parser's name off its message.
func plainYAML(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:\n")
	return errors.New(strings.ReplaceAll(strings.TrimSpace(text), "\n", "; "))
}

// fieldLines are the fields of a world file and the lines they stand in.
type fieldLines map[string]int

// worldFields reads the names of the fields and refuses those that a world file does not have.
func worldFields(text []byte) (fieldLines, error) {
	var doc, more yaml3.Node
	dec := yaml3.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return fieldLines{}, nil // empty: the demo world
	} else if err != nil {
		return nil, plainYAML(err)
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("holds more than one document; a world file is one")
	}
	root := doc.Content[0]
	if root.Tag == "!!null" {
		return fieldLines{}, nil
	}
	if root.Kind != yaml3.MappingNode {
		return nil, fmt.Errorf("line %d: want fields such as \"seed: 7\"", root.Line)
	}
	fields, known := fieldLines{}, worldFieldNames()
	for i := 0; i < len(root.Content); i += 2 {
		key := root.Content[i]
		if !slices.Contains(known, key.Value) && key.Value != "$schema" { // editors put $schema there
			return nil, fmt.Errorf("line %d: unknown field %q; there are %s", key.Line, key.Value, strings.Join(known, ", "))
		}
		fields[key.Value] = key.Line
	}
	return fields, nil
}

// worldFieldNames are the names of the fields of mockserver.WorldSetting in JSON.
func worldFieldNames() []string {
	var names []string
	t := reflect.TypeFor[mockserver.WorldSetting]()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// explain says which field has the wrong type, in words that are not Go's.
func (f fieldLines) explain(err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err
	}
	field, _, _ := strings.Cut(wrong.Field, ".")
	return fmt.Errorf("line %d: %s wants %s, not %s", f[field], wrong.Field, wantedOf(wrong.Type.Kind()), foundOf(wrong.Value))
}

func wantedOf(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "text"
	case reflect.Map:
		return "fields"
	case reflect.Uint64:
		return "a whole number from 0 to 18446744073709551615"
	}
	return "a " + k.String()
}

func foundOf(value string) string {
	switch value {
	case "string":
		return "text"
	case "bool":
		return "true or false (put it in quotes to make it text)"
	case "array":
		return "a list"
	case "object":
		return "fields"
	}
	return value
}
