package mockserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/countersign/countersign/mockserver/disk"
	"github.com/countersign/countersign/specs"
)

// Options configure a server. The zero value of each field but Vendors works.
type Options struct {
	// Vendors are the plugs to serve. There must be at least one.
	Vendors []Vendor
	// World is the default world. Its name is always "default" and its credentials are kept.
	World WorldSetting
	// Wall is the wall clock. nil: the machine's.
	Wall func() time.Time
	// Log takes the server's log. nil: nothing is logged.
	Log *slog.Logger
	// JournalBytes bounds the journal. 0: DefaultJournalBytes.
	JournalBytes int
	// MaxBody bounds a request body, in bytes. 0: 12 MiB, Huawei's documented limit.
	MaxBody int64
	// CheckEveryReply holds every reply against the documents, instead of each world's first of its kind and
	// one in 1024.
	CheckEveryReply bool
	// OnBug, if set, hears of every bug of the stand-in: a panic, an undocumented reply.
	OnBug func(error)
	// AdminToken, if set, must come as a bearer token with every request to /__admin. Without one, requests to /__admin
	// that arrive at an address other machines can reach are refused.
	AdminToken string
	// AdminApart puts the admin API on an address of its own: Listen and Handler then serve the vendors alone, ListenAdmin
	// and AdminHandler the admin API.
	AdminApart bool
	// MaxAdminBody bounds the body of a request to /__admin, in bytes. 0: 64 MiB, and 1 GiB for an exported world.
	MaxAdminBody int64
	// Debug, if set, serves what lies below /__admin/debug/, for those who may use the admin API.
	Debug http.Handler
	// Facts are merged into the answer of `env` (the path of the CA certificate, say).
	Facts map[string]any
	// Sleep waits where the server waits on purpose: latency and drip of faults. It returns early, with an error, when the
	// context ends. nil: a timer.
	Sleep func(ctx context.Context, d time.Duration) error
	// Data, if set, is a folder that worlds are kept in: what was answered outlives the process. Empty: worlds live in
	// memory alone.
	Data string
	// Generate tells how to make the records of worlds that ask for generated ones: of each vendor's collections in an order
	// in which they can be put over the demo records, the same for the same seed and counts. They are put as they are, without
	// being held against the schemas. nil: no world can ask.
	Generate func(Generate) ([]Generated, error)
	// Loading, if set, is called before so many records are made of a world's texts, of a packed world or of a seed, and what
	// it returns once they are there, or once that has failed. It is for concurrent use.
	Loading func(records int) (loaded func())
	// Timeouts bound a request; see Timeouts for what zero means.
	Timeouts Timeouts
}

// Timeouts bound the phases of a connection.
type Timeouts struct {
	// Header, Read and Write bound the reading of headers, of the whole request, and the writing of the reply, counted
	// from the end of the headers. A request that does not come in one piece may take a second more. 0: 10 s, 60 s, 120 s.
	Header, Read, Write time.Duration
	// Idle bounds the time between requests. 0: 120 s.
	Idle time.Duration
}

func (t Timeouts) orDefaults() Timeouts {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&t.Header, 10*time.Second)
	def(&t.Read, 60*time.Second)
	def(&t.Write, 120*time.Second)
	def(&t.Idle, 120*time.Second)
	return t
}

// Server is the stand-in: a set of vendors over a set of worlds.
type Server struct {
	opts     Options
	wall     func() time.Time
	log      *slog.Logger
	onBug    func(error)
	checkAll bool
	maxBody  int64

	plugs    []*plugged
	specs    []*specs.Rules
	states   map[string]stateOf
	defaults map[string]string // assumption -> default alternative

	worlds    worlds
	bases     bases
	file      *disk.Keeper // nil: worlds are not kept
	keptDemo  string       // what the demo records are kept as
	closing   sync.Once
	first     *World
	journal   *journal
	bugs      atomic.Int64
	panics    atomic.Int64
	unclaimed timings // of requests of no vendor
	stages    [stages]histogram
	ready     atomic.Bool
	handler   http.Handler
	listening sync.Mutex // guards the next two
	places    []place
	servers   []listening
	done      sync.WaitGroup
}

// New builds a server and its default world. Nothing listens yet: use Listen, or mount Handler.
func New(opts Options) (*Server, error) {
	if len(opts.Vendors) == 0 {
		return nil, errors.New("mockserver: Options.Vendors is empty")
	}
	s := &Server{opts: opts, wall: opts.Wall, log: opts.Log, onBug: opts.OnBug, checkAll: opts.CheckEveryReply,
		maxBody: opts.MaxBody, states: map[string]stateOf{}, defaults: map[string]string{},
		journal: newJournal(opts.JournalBytes)}
	if s.wall == nil {
		s.wall = wallClock
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.maxBody == 0 {
		s.maxBody = 12 << 20
	}
	s.worlds.byName, s.worlds.owners, s.worlds.mortal = map[string]*World{}, map[string]*World{}, map[*World]struct{}{}
	if err := s.plugAll(opts.Vendors); err != nil {
		return nil, err
	}
	s.bases.fixtures = map[string]*base{}
	if err := s.open(context.Background()); err != nil {
		return nil, err
	}
	if err := s.bases.begin(s); err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.opts.World = WorldSetting{} // its records may be large
	if err := s.makeDefault(opts.World); err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.handler = s.edge()
	s.ready.Store(true)
	return s, nil
}

// makeDefault makes the default world, or goes on with the one that is kept.
func (s *Server) makeDefault(setting WorldSetting) (err error) {
	setting.Name, setting.KeepCredentials, setting.TTL = DefaultWorld, true, 0
	if s.first, err = s.World(DefaultWorld); err == nil {
		return s.first.sameSetting(setting)
	}
	if s.first, err = s.CreateWorld(context.Background(), setting); err != nil {
		return fmt.Errorf("default world: %w", err)
	}
	return nil
}

func (s *Server) defaultWorld() *World { return s.first }

// Vendors are what the documents of the vendors that are served say.
func (s *Server) Vendors() []*specs.Rules { return s.specs }

// Handler is the whole server as an http.Handler, for embedding. Time limits are then the embedder's.
func (s *Server) Handler() http.Handler { return s.handler }

// Bugs counts the bugs of the stand-in that requests have met.
func (s *Server) Bugs() int64 { return s.bugs.Load() }

// Shutdown stops listening and waits for the requests in flight, until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	s.ready.Store(false)
	s.journal.close() // or streams of it would be in flight for ever
	var problems []error
	for _, srv := range s.running() {
		problems = append(problems, srv.shutdown(ctx))
	}
	s.done.Wait()
	return errors.Join(append(problems, s.close())...)
}

// close counts the calls exactly, now that no more come, and closes the file that worlds are kept in.
func (s *Server) close() (err error) {
	if !s.keeps() {
		return nil
	}
	s.closing.Do(func() {
		var problems []error
		var mu sync.Mutex
		var together sync.WaitGroup // so that one sync takes many
		for _, w := range s.Worlds() {
			w.reserveTo.Store(0)
			together.Go(func() {
				err := w.keepState()
				mu.Lock()
				defer mu.Unlock()
				problems = append(problems, err)
			})
		}
		together.Wait()
		err = errors.Join(append(problems, s.file.Close())...)
	})
	return err
}
