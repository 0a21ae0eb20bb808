package main

import (
	"go/format"
	"reflect"
	"strings"
	"testing"
)

type leaf struct {
	Text string
	Max  *int
}

type tree struct {
	Leaf   *leaf
	Leaves []*leaf
	Values []any
	Lists  [][]string
	Self   *tree
	Map    map[string]string
	hidden int
}

func TestPrint(t *testing.T) {
	t.Parallel()
	two, again := 2, 2
	one := &leaf{Text: "é\n", Max: &two}
	self := &tree{}
	self.Self = &tree{Self: self}
	for _, tt := range []struct {
		name      string
		value     tree
		want      string // on one line
		variables string
		err       string
	}{
		{name: "OKEmpty", value: tree{hidden: 1}, want: `main.tree{}`},
		{name: "OKInline", value: tree{Leaf: &leaf{Text: "a"}}, want: `main.tree{Leaf: &main.leaf{Text: "a"}}`},
		{
			name: "OKShared", value: tree{Leaf: one, Leaves: []*leaf{one, {Max: &again}, nil}},
			want:      `main.tree{Leaf: &x2, Leaves: []*main.leaf{&x2, {Max: &x1}, nil}}`,
			variables: `var x1 int = 2 var x2 main.leaf = main.leaf{Text: "é\n", Max: &x1}`,
		},
		{name: "OKValues", value: tree{Values: []any{nil, true, "a", 1.5, float64(1)}}, want: `main.tree{Values: []interface {}{nil, true, "a", float64(1.5), float64(1)}}`},
		{name: "OKLists", value: tree{Lists: [][]string{{"a"}, nil, {}}}, want: `main.tree{Lists: [][]string{{"a"}, nil, {}}}`},
		{name: "ErrItself", value: tree{Self: self}, err: "a *main.tree holds itself"},
		{name: "ErrMap", value: tree{Map: map[string]string{"a": "b"}}, err: "main.tree.Map: a map[string]string cannot be laid out in a program"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPrinter("x")
			got, err := p.print(reflect.ValueOf(tt.value))
			if err != nil || tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Errorf("error %v, want %q", err, tt.err)
				}
				return
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if vars := strings.Join(strings.Fields(p.variables()), " "); vars != tt.variables {
				t.Errorf("got variables %q, want %q", vars, tt.variables)
			}
			if _, err := format.Source([]byte("package p\nvar _ = " + got + "\n" + p.variables())); err != nil {
				t.Error(err)
			}
		})
	}
}
