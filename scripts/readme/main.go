// Command readme rewrites what README.md takes from elsewhere: the table of operations, from the documents in specs/, and
// the programs of the tour, which are files that run in tests.
//
//go:generate go run . ../../README.md
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/countersign/countersign/specs"
)

const (
	begin = "<!-- operations: made by scripts/generate, do not edit -->\n"
	end   = "<!-- end of operations -->\n"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: readme README.md")
	}
	if err := rewrite(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func rewrite(file string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, ok1 := bytes.Cut(old, []byte(begin))
	_, tail, ok2 := bytes.Cut(rest, []byte(end))
	if !ok1 || !ok2 {
		return fmt.Errorf("%s: want the lines %q and %q", file, begin, end)
	}
	table, err := operations()
	if err != nil {
		return err
	}
	text, err := embed(filepath.Dir(file), string(slices.Concat(head, []byte(begin), []byte(table), []byte(end), tail)))
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o644) //nolint:gosec // a public file
}

// program is a block that shows a program's main function and what follows it.
var program = regexp.MustCompile("(?s)(<!-- program: ([^ ]+) -->\n)```go\n.*?```\n")

func embed(dir, text string) (string, error) {
	var problem error
	out := program.ReplaceAllStringFunc(text, func(block string) string {
		m := program.FindStringSubmatch(block)
		code, err := os.ReadFile(filepath.Join(dir, m[2]))
		_, body, found := strings.Cut(string(code), "func main() {")
		if err != nil || !found {
			problem = fmt.Errorf("%s: no main function: %w", m[2], err)
			return block
		}
		return m[1] + "```go\nfunc main() {" + body + "```\n"
	})
	return out, problem
}

func operations() (string, error) {
	var b strings.Builder
	b.WriteString("| operation | request | documented | observed | assumed | switches |\n")
	b.WriteString("| --- | --- | --: | --: | --: | --- |\n")
	for _, name := range specs.Vendors() {
		v, err := specs.Load(name)
		if err != nil {
			return "", err
		}
		for _, op := range v.Operations {
			b.WriteString(row(v, op))
		}
		b.WriteString(gatewayRow(v))
	}
	return b.String(), nil
}

// count adds up parts of a document and errors by grade.
type count map[specs.Grade]int

func row(v *specs.Vendor, op *specs.Operation) string {
	n, switches := count{}, []string{}
	for _, c := range op.Citations() {
		n[c.Grade]++
		switches = append(switches, c.Assumptions...)
	}
	for _, e := range v.Errors {
		if e.Operation == op.ID {
			n[e.Grade]++
			switches = append(switches, e.Assumption...)
		}
	}
	request := op.Method + " " + op.Path
	if op.RPC != nil {
		request += " (RPC " + op.RPC.Version + ")"
	}
	return line("`"+op.ID+"`", "`"+request+"`", n, switches)
}

func gatewayRow(v *specs.Vendor) string {
	n, switches := count{}, []string{}
	for _, e := range v.Errors {
		if e.Operation == "" {
			n[e.Grade]++
			switches = append(switches, e.Assumption...)
		}
	}
	return line("errors of every `"+v.Name+"` operation", "", n, switches)
}

func line(name, request string, n count, switches []string) string {
	slices.Sort(switches)
	switches = slices.Compact(switches)
	return fmt.Sprintf("| %s | %s | %d | %d | %d | %s |\n", name, request, n[specs.Documented], n[specs.Observed], n[specs.Assumed], ranges(switches))
}

// ranges writes runs of numbers short: QB-001…QB-004, QB-009.
func ranges(ids []string) string {
	var out []string
	for i := 0; i < len(ids); {
		j := i
		for j+1 < len(ids) && follows(ids[j], ids[j+1]) {
			j++
		}
		switch {
		case j > i+1:
			out = append(out, ids[i]+"…"+ids[j][strings.IndexByte(ids[j], '-')+1:])
		case j > i:
			out = append(out, ids[i], ids[j])
		default:
			out = append(out, ids[i])
		}
		i = j + 1
	}
	return strings.Join(out, ", ")
}

func follows(a, b string) bool {
	var pa, pb string
	var na, nb int
	if _, err := fmt.Sscanf(strings.Replace(a, "-", " ", 1), "%s %d", &pa, &na); err != nil {
		return false
	}
	if _, err := fmt.Sscanf(strings.Replace(b, "-", " ", 1), "%s %d", &pb, &nb); err != nil {
		return false
	}
	return pa == pb && nb == na+1
}
