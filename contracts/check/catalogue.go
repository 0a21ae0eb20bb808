package check

import (
	"strings"

	"github.com/countersign/countersign/specs"
)

// entryName is an entry of the catalogue: operation is empty for those at the root of a document.
type entryName struct{ file, operation, name string }

// catalogueLines finds the entries in the texts of the documents: the reader of OpenAPI does not say where extensions
// stand. Documents that are not part of countersign have no texts, and their entries no lines.
func catalogueLines(v *specs.Vendor) map[entryName]int {
	lines := map[entryName]int{}
	files := map[string]bool{}
	for _, e := range v.Errors {
		files[e.File] = true
	}
	for _, file := range sortedNames(files) {
		text, err := specs.File(file)
		if err != nil {
			continue
		}
		operation, n := "", 0
		for line := range strings.Lines(string(text)) {
			n++
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			switch name := (entryName{file, operation, strings.Trim(value, `"'`)}); {
			case key == "operationId":
				operation = value
			case (key == "- name" || key == "- code") && lines[name] == 0:
				lines[name] = n
			}
		}
	}
	return lines
}

// where is where the documents have an entry of the catalogue.
func (v *vendor) where(e *specs.Error) Spec {
	return Spec{e.File, v.catalogue[entryName{e.File, e.Operation, e.Name}]}
}

// shared are the errors that need no operation.
func (v *vendor) shared() []*specs.Error {
	var list []*specs.Error
	for _, e := range v.Errors {
		if e.Operation == "" {
			list = append(list, e)
		}
	}
	return list
}
