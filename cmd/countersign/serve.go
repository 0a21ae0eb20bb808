package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/disk"
	"github.com/countersign/countersign/specs"
)

// defaultAddr is where serve listens and what env assumes.
const defaultAddr = "127.0.0.1:8750"

// tokenVariable holds the token of the admin API, for serve and env.
const tokenVariable = "COUNTERSIGN_ADMIN_TOKEN"

// stopPatience is how long requests in flight may take once the server was asked to stop.
const stopPatience = 30 * time.Second

func (a *app) serveCommand() *cobra.Command {
	f := newServeFlags()
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the stand-in server",
		Long: `Run the stand-in server: ` + a.vendorTitles() + ` on one address.

It begins with the demo world, whose credentials are always the same: 'countersign env' prints them. Records, clocks
and decisions come from a world file (see specs/world.schema.json) and from flags, which win.

The first interrupt (Ctrl-C, SIGTERM) stops it once the requests in flight are answered, the second one at once.
Text for people goes to standard output, the log to standard error.

What tests steer it with is under /__admin, on --addr unless --admin-addr says otherwise; then the commands that ask a
running server want that address as --url. 'countersign specs print admin.yaml' describes it.`,
		Example: `  countersign serve
  countersign serve --addr 127.0.0.1:0 --ready-file url.txt     # CI: any free port; the URL is in the file when it serves
  countersign serve --world world.yaml --seed 7 --clock 2026-01-15T08:00:00Z
  countersign serve --assume QB-003=json --strict               # decide a guess otherwise; refuse what is only warned of
  countersign serve --tls-addr 127.0.0.1:8751                   # HTTPS too, with a CA of your own made for it
  countersign serve --addr :8750 --admin-addr 127.0.0.1:8752    # others reach the vendors, /__admin only this machine
  countersign serve --generate dataarts.approvers=1000000       # generated records over the demo's, the same for the same --seed
  countersign serve --data ./worlds                             # worlds outlive the process, also kill -9
  COUNTERSIGN_ADMIN_TOKEN=secret countersign serve --addr :8750 # reachable from other machines`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.serve(cmd.Context(), f, cmd.Flags().Changed)
		},
	}
	f.addTo(cmd)
	completeFlag(cmd, "assume", a.decisionWords)
	return cmd
}

// serve runs the server until it is asked to stop. changed tells which flags were given.
func (a *app) serve(ctx context.Context, f *serveFlags, changed func(string) bool) error {
	plan, err := a.plan(f, changed)
	if err != nil {
		return err
	}
	if err := f.forget(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	collect := f.uncollected()
	defer runtime.KeepAlive(make([]byte, headroom))
	srv, err := mockserver.New(plan.options)
	plan.options.World = mockserver.WorldSetting{} // its records may be large
	if err != nil {
		return a.blame(f.whyNotData(err), f.assume)
	}
	if err := a.listen(srv, plan); err != nil {
		return errors.Join(err, srv.Shutdown(ctx))
	}
	if err := f.announce(plan); err != nil {
		return errors.Join(err, srv.Shutdown(ctx))
	}
	a.greet(plan)
	collect()
	releaseProgram()
	<-ctx.Done()
	stop() // from here on an interrupt ends the process
	plan.options.Log.Info("stopping; requests in flight are answered, another interrupt ends it at once")
	return a.stop(srv, f)
}

// headroom is how many bytes more than a small world is worth may pile up before the garbage collector goes to work: else
// a server with a few megabytes to its name has it work many times a second. Nobody touches them, so the system has no
// memory to give for them.
const headroom = 16 << 20

// uncollected keeps the garbage collector from work until what it returns is called: the demo world needs less memory than
// a collection takes time. Worlds of the user's own may be large.
func (f *serveFlags) uncollected() (collect func()) {
	if f.world != "" || f.data != "" {
		return func() {}
	}
	percent := debug.SetGCPercent(-1)
	return func() { debug.SetGCPercent(percent); debug.FreeOSMemory() }
}

func (a *app) stop(srv *mockserver.Server, f *serveFlags) error {
	patience, cancel := context.WithTimeout(context.Background(), stopPatience)
	defer cancel()
	return errors.Join(srv.Shutdown(patience), f.forget())
}

// plan is what serve has made of its flags.
type plan struct {
	options   mockserver.Options
	addr      string
	tlsAddr   string
	adminAddr string // empty: the admin API is where the vendors are
	tlsHosts  []string
	given     *tls.Config // the certificate given, or nil
	ca        *authority  // made for the user, or nil
	madeToken bool
	notes     []string

	url, tlsURL, adminURL string // where it listens, once it does
}

func (a *app) plan(f *serveFlags, changed func(string) bool) (*plan, error) {
	if err := f.check(changed); err != nil {
		return nil, err
	}
	p := &plan{addr: f.addr, tlsAddr: f.tlsAddr, adminAddr: f.adminAddr, tlsHosts: f.tlsHosts}
	world, err := f.setting(changed)
	if err != nil {
		return nil, err
	}
	if world.Name != "" && world.Name != mockserver.DefaultWorld {
		p.notes = append(p.notes, fmt.Sprintf("the world file calls its world %q; the world that serve starts with is called %q", world.Name, mockserver.DefaultWorld))
	}
	p.options = mockserver.Options{Vendors: a.plugs(), World: world, Log: f.logger(a.err), JournalBytes: int(f.journalBytes),
		Wall: a.now, Facts: map[string]any{}, Generate: a.generate, Loading: collections.postpone, Data: f.data}
	p.options.AdminApart = f.adminAddr != ""
	if f.pprof {
		p.options.Debug = profiles()
	}
	p.options.AdminToken, p.madeToken = a.token(f)
	return p, a.planTLS(p, f)
}

func (a *app) planTLS(p *plan, f *serveFlags) (err error) {
	switch {
	case f.tlsAddr == "":
		return nil
	case f.tlsCert != "":
		if p.given, err = givenCertificate(f.tlsCert, f.tlsKey); err != nil {
			return fmt.Errorf("--tls-cert and --tls-key: %w", err)
		}
		return nil
	}
	dir, err := a.caDir()
	if err != nil {
		return fmt.Errorf("no folder to keep a certificate authority in: %w; give a certificate with --tls-cert and --tls-key", err)
	}
	if p.ca, err = openAuthority(dir, a.now); err != nil {
		return err
	}
	p.options.Facts["ca_certificate"] = p.ca.file
	return nil
}

// token is the admin token to ask for: the one given, or a new one where other machines can reach the server.
func (a *app) token(f *serveFlags) (token string, made bool) {
	if f.adminToken != "" {
		return f.adminToken, false
	}
	if token = a.getenv(tokenVariable); token != "" {
		return token, false
	}
	for _, addr := range f.adminAddrs() {
		if !mockserver.IsLoopback(addr) {
			return rand.Text(), true
		}
	}
	return "", false
}

// adminAddrs are where the admin API will be.
func (f *serveFlags) adminAddrs() []string {
	switch {
	case f.adminAddr != "":
		return []string{f.adminAddr}
	case f.tlsAddr != "":
		return []string{f.addr, f.tlsAddr}
	}
	return []string{f.addr}
}

func (a *app) listen(srv *mockserver.Server, p *plan) error {
	addr, err := srv.Listen(p.addr, nil)
	if err != nil {
		return a.whyNot("--addr", p.addr, err)
	}
	p.url = "http://" + reachable(addr)
	p.options.Log.Info("listening", "url", p.url)
	if err := a.listenAdmin(srv, p); err != nil {
		return err
	}
	return a.listenTLS(srv, p)
}

func (a *app) listenAdmin(srv *mockserver.Server, p *plan) error {
	if p.adminAddr == "" {
		return nil
	}
	addr, err := srv.ListenAdmin(p.adminAddr, nil)
	if err != nil {
		return a.whyNot("--admin-addr", p.adminAddr, err)
	}
	p.adminURL = "http://" + reachable(addr)
	p.options.Log.Info("listening for the admin API alone", "url", p.adminURL)
	return nil
}

func (a *app) listenTLS(srv *mockserver.Server, p *plan) error {
	if p.tlsAddr == "" {
		return nil
	}
	config := p.given
	if p.ca != nil {
		config = issuedConfig(p.ca, p.tlsAddr, p.tlsHosts, srv.Vendors())
	}
	addr, err := srv.Listen(p.tlsAddr, config)
	if err != nil {
		return a.whyNot("--tls-addr", p.tlsAddr, err)
	}
	p.tlsURL = "https://" + reachable(addr)
	p.options.Log.Info("listening", "url", p.tlsURL)
	return nil
}

// reachable is the host:port under which this machine reaches a listener.
func reachable(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr.String()
}

// whyNot says why an address cannot be listened on and what to do about it.
func (a *app) whyNot(flag, addr string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		if who := "http://" + addr; flag == "--addr" && isCountersign(who) {
			return fmt.Errorf("a countersign already listens on %s: use it (countersign env --url %s), or take any free port with %s 127.0.0.1:0", addr, who, flag)
		}
		return fmt.Errorf("another program already listens on %s: take any free port with %s 127.0.0.1:0, or another one", addr, flag)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("not allowed to listen on %s: take a port above 1023 with %s", addr, flag)
	}
	return fmt.Errorf("cannot listen on %s: %w", addr, err)
}

// isCountersign asks whether a countersign answers at a URL.
func isCountersign(url string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/__admin/health", http.NoBody)
	if err != nil {
		return false
	}
	_, err = fetch(&http.Client{}, req)
	var refused *refusedError
	return err == nil || errors.As(err, &refused)
}

// forget removes the ready file, one of an earlier run too.
func (f *serveFlags) forget() error {
	if f.readyFile == "" {
		return nil
	}
	if err := os.Remove(f.readyFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("ready file: %w", err)
	}
	return nil
}

// announce writes the ready file, in one piece: the URL, the HTTPS URL if there is one, and "admin URL" if the admin API has
// an address of its own, a line each.
func (f *serveFlags) announce(p *plan) error {
	if f.readyFile == "" {
		return nil
	}
	text := p.url + "\n"
	if p.tlsURL != "" {
		text += p.tlsURL + "\n"
	}
	if p.adminURL != "" {
		text += "admin " + p.adminURL + "\n"
	}
	file, err := filepath.Abs(f.readyFile)
	if err == nil {
		err = writeWhole(file, []byte(text), 0o644, os.Rename)
	}
	if err != nil {
		return fmt.Errorf("ready file: %w", err)
	}
	return nil
}

// whyNotData says what to do where the folder of --data does not fit.
func (f *serveFlags) whyNotData(err error) error {
	switch {
	case errors.Is(err, mockserver.ErrOtherSetting):
		return fmt.Errorf("--data %s: %w (--world, --seed, --clock, --signing-clock, --strict, --assume); worlds that need others are made with 'countersign worlds create'", f.data, err)
	case errors.Is(err, disk.ErrBusy):
		return fmt.Errorf("--data: %w: stop that one, or take another folder", err)
	}
	return err
}

// blame turns a failed start into wrong usage where a flag --assume is to blame: the core cannot know who chose it.
func (a *app) blame(err error, given decisions) error {
	for id, value := range given {
		if why := a.checkDecision(id, value); why != nil {
			return &usageError{fmt.Errorf("--assume %s=%s: %w", id, value, why)}
		}
	}
	return err
}

func (a *app) checkDecision(id, value string) error {
	var numbers []string
	for _, name := range a.vendorNames() {
		v, err := specs.Load(name)
		if err != nil {
			return nil // the core's error says more
		}
		if found := v.Assumption(id); found != nil {
			return checkAlternative(found, value)
		}
		for _, n := range v.Assumptions {
			numbers = append(numbers, n.ID)
		}
	}
	return unknown("assumption", id, numbers)
}
