package main

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// printer writes values as Go composite literals that the compiler lays out in the program: no code runs for them at
// start. That holds for structs, slices, pointers and interfaces, and not for maps.
type printer struct {
	// prefix begins the names of its variables: what several places point to, and numbers that are pointed to.
	prefix string
	names  map[any]string // by what is pointed to; the name is empty while it is being printed
	vars   []string       // their declarations
	shared map[any]int    // how many places point to it
}

func newPrinter(prefix string) *printer {
	return &printer{prefix: prefix, names: map[any]string{}, shared: map[any]int{}}
}

// print returns a value as Go code. Values that hold themselves are errors, since Go has no such literals.
func (p *printer) print(v reflect.Value) (string, error) {
	if err := p.count(v, nil); err != nil {
		return "", err
	}
	return p.value(v)
}

func (p *printer) variables() string { return strings.Join(p.vars, "\n") }

// count finds what several places point to.
func (p *printer) count(v reflect.Value, above []any) error {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		key := v.Interface()
		for _, a := range above {
			if a == key {
				return fmt.Errorf("a %s holds itself", v.Type())
			}
		}
		if p.shared[key]++; p.shared[key] > 1 {
			return nil
		}
		return p.count(v.Elem(), append(above, key))
	case reflect.Slice:
		for i := range v.Len() {
			if err := p.count(v.Index(i), above); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				if err := p.count(v.Field(i), above); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (p *printer) value(v reflect.Value) (string, error) {
	switch v.Kind() {
	case reflect.String:
		return strconv.Quote(v.String()), nil
	case reflect.Bool, reflect.Int:
		return fmt.Sprint(v.Interface()), nil
	case reflect.Uint32:
		return fmt.Sprintf("%#x", v.Uint()), nil
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64), nil
	case reflect.Interface:
		return p.boxed(v)
	case reflect.Pointer:
		return p.pointer(v)
	case reflect.Slice:
		return p.slice(v)
	case reflect.Struct:
		return p.structure(v)
	}
	return "", fmt.Errorf("a %s cannot be laid out in a program", v.Type())
}

// boxed is a value of an interface: what JSON has, and no lists.
func (p *printer) boxed(v reflect.Value) (string, error) {
	if v.IsNil() {
		return "nil", nil
	}
	text, err := p.value(v.Elem())
	if v.Elem().Kind() == reflect.Float64 {
		text = "float64(" + text + ")"
	}
	return text, err
}

func (p *printer) pointer(v reflect.Value) (string, error) {
	if v.IsNil() {
		return "nil", nil
	}
	inline := v.Elem().Kind() == reflect.Struct && p.shared[v.Interface()] == 1
	if inline {
		text, err := p.value(v.Elem())
		return "&" + text, err
	}
	key := v.Interface()
	if v.Elem().Kind() != reflect.Struct {
		key = v.Elem().Interface() // one variable for every 64
	}
	if name := p.names[key]; name != "" {
		return "&" + name, nil
	}
	text, err := p.value(v.Elem())
	name := fmt.Sprintf("%s%d", p.prefix, len(p.vars)+1)
	p.names[key] = name
	p.vars = append(p.vars, fmt.Sprintf("var %s %s = %s\n", name, v.Elem().Type(), text))
	return "&" + name, err
}

func (p *printer) slice(v reflect.Value) (string, error) {
	if v.IsNil() {
		return "nil", nil
	}
	items := make([]string, v.Len())
	for i := range items {
		text, err := p.value(v.Index(i))
		if err != nil {
			return "", err
		}
		items[i] = short(text, v.Type().Elem())
	}
	return v.Type().String() + braced(items), nil
}

// short leaves out the type of a literal that stands in a list of that type.
func short(text string, of reflect.Type) string {
	switch of.Kind() {
	case reflect.Struct, reflect.Slice:
		return strings.TrimPrefix(text, of.String())
	case reflect.Pointer:
		return strings.TrimPrefix(text, "&"+of.Elem().String())
	}
	return text
}

func (p *printer) structure(v reflect.Value) (string, error) {
	var items []string
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() || v.Field(i).IsZero() {
			continue
		}
		text, err := p.value(v.Field(i))
		if err != nil {
			return "", fmt.Errorf("%s.%s: %w", v.Type(), f.Name, err)
		}
		items = append(items, f.Name+": "+text)
	}
	return v.Type().String() + braced(items), nil
}

// braced puts the parts of a literal on one line if they fit.
func braced(items []string) string {
	one := strings.Join(items, ", ")
	if len(one) <= 100 && !strings.Contains(one, "\n") {
		return "{" + one + "}"
	}
	return "{\n" + strings.Join(items, ",\n") + ",\n}"
}
