package vendortest

import (
	"bytes"
	"context"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// forksHaveTheirOwn forks worlds in every state, twice over: what the parent's records claim, the fork's must not.
func (s *suite) forksHaveTheirOwn(t *testing.T) {
	srv := s.serve(t, mockserver.WorldSetting{})
	w := must(srv.CreateWorld(t.Context(), mockserver.WorldSetting{Name: "parent"}))(t)
	fork := func(of, name string) *mockserver.World {
		child, err := srv.ForkWorld(t.Context(), of, name)
		if err != nil {
			t.Fatalf("a fork of %s: %v", of, err)
		}
		return child
	}
	for _, state := range s.plug.States {
		if _, err := w.Apply(t.Context(), state.Name, nil); err != nil {
			t.Fatalf("state %q: %v", state.Name, err)
		}
		fork("parent", "")
	}
	child := fork("parent", "child")
	grandchild := fork("child", "grandchild")
	for _, pair := range [][2]*mockserver.World{{w, child}, {child, grandchild}} {
		before := dump(t, pair[1])
		for _, state := range s.plug.States {
			if _, err := pair[0].Apply(t.Context(), state.Name, nil); err != nil {
				t.Fatalf("state %q of the parent: %v", state.Name, err)
			}
		}
		if !bytes.Equal(before, dump(t, pair[1])) {
			t.Errorf("what %s does shows in its fork", pair[0].Name())
		}
	}
	empty, err := srv.CreateWorld(t.Context(), mockserver.WorldSetting{Name: "empty", Base: "empty"})
	if err != nil {
		t.Fatal(err)
	}
	fork(empty.Name(), "of-nothing")
}

// keptWorldsComeBack stops a server that keeps its worlds, in whatever state they are, and looks at them again.
func (s *suite) keptWorldsComeBack(t *testing.T) {
	dir := t.TempDir()
	open := func() *mockserver.Server {
		return must(mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{s.vendor}, Data: dir}))(t)
	}
	srv := open()
	w := must(srv.World(mockserver.DefaultWorld))(t)
	for _, state := range s.plug.States {
		if _, err := w.Apply(t.Context(), state.Name, nil); err != nil {
			t.Fatalf("state %q: %v", state.Name, err)
		}
	}
	must(srv.ForkWorld(t.Context(), mockserver.DefaultWorld, "fork"))(t)
	want := map[string][]byte{}
	for _, w := range srv.Worlds() {
		want[w.Name()] = dump(t, w)
	}
	stop(t, srv)
	srv = open()
	defer stop(t, srv)
	for name, before := range want {
		if after := dump(t, must(srv.World(name))(t)); !bytes.Equal(before, after) {
			t.Errorf("the world %s differs after a restart:\n%s", name, firstLine(before, after))
		}
	}
}

func stop(t *testing.T, srv *mockserver.Server) {
	t.Helper()
	if err := srv.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}

// exportedWorldsComeBack exports a world in every state and imports it elsewhere.
func (s *suite) exportedWorldsComeBack(t *testing.T) {
	srv := s.serve(t, mockserver.WorldSetting{Clock: "2026-02-03T04:05:06Z"})
	w := must(srv.World(mockserver.DefaultWorld))(t)
	for _, state := range s.plug.States {
		if _, err := w.Apply(t.Context(), state.Name, nil); err != nil {
			t.Fatalf("state %q: %v", state.Name, err)
		}
	}
	var out bytes.Buffer
	if err := w.Export(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	other := s.serve(t, mockserver.WorldSetting{Base: "empty"})
	back, err := other.ImportWorld(t.Context(), &out, mockserver.ImportOptions{Name: "back", KeepCredentials: true})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := dump(t, w), dump(t, back); !bytes.Equal(a, b) {
		t.Errorf("the imported world differs:\n%s", firstLine(a, b))
	}
}
