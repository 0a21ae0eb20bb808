package mockserver

import (
	"context"
	"time"
)

// TB is the part of testing.TB that Run needs.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Running is a server that runs for a test.
type Running struct {
	*Server
	// URL is where it listens ("http://127.0.0.1:41234").
	URL string
}

// Run starts a server on a free loopback port for the length of a test. Every reply is held against the documents, and
// a bug of the stand-in fails the test.
func Run(t TB, opts Options) *Running {
	t.Helper()
	opts.CheckEveryReply = true
	if opts.OnBug == nil {
		opts.OnBug = func(err error) { t.Errorf("countersign: %v", err) }
	}
	s, err := New(opts)
	if err != nil {
		t.Fatalf("countersign: %v", err)
	}
	addr, err := s.Listen("127.0.0.1:0", nil)
	if err != nil {
		t.Fatalf("countersign: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("countersign: shutdown: %v", err)
		}
	})
	return &Running{Server: s, URL: "http://" + addr.String()}
}

// Env returns what SDKs need to work in a world of the running server.
func (r *Running) Env(t TB, world string) map[string]any {
	t.Helper()
	w, err := r.World(world)
	if err == nil {
		var env map[string]any
		if env, err = w.Env(context.Background(), r.URL); err == nil {
			return env
		}
	}
	t.Fatalf("countersign: %v", err)
	return nil
}
