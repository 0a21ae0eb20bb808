package mockserver

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"

	"github.com/countersign/countersign/mockserver/http1"
)

// maxHeader bounds the request line and the headers together, in bytes. RPC calls carry their parameters in the request
// line, and one that is too long is to be refused by its vendor's rules, which net/http's own limit would forestall.
const maxHeader = 1 << 20

// place is where a server listens.
type place struct {
	scheme string
	addr   net.Addr
	admin  bool // for the admin API alone
}

// Listen serves on addr (host:port; port 0 takes a free one) and returns the address it got. With a TLS configuration
// it serves HTTPS.
func (s *Server) Listen(addr string, config *tls.Config) (net.Addr, error) {
	return s.listen(addr, config, s.handler, false)
}

// ListenAdmin is Listen for the admin API alone. It wants Options.AdminApart.
func (s *Server) ListenAdmin(addr string, config *tls.Config) (net.Addr, error) {
	if !s.opts.AdminApart {
		return nil, errors.New("mockserver: ListenAdmin wants Options.AdminApart: without it, Listen serves the admin API too")
	}
	return s.listen(addr, config, s.AdminHandler(), true)
}

func (s *Server) listen(addr string, config *tls.Config, h http.Handler, admin bool) (net.Addr, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	t := s.opts.Timeouts.orDefaults()
	srv := &http.Server{Handler: h, ReadHeaderTimeout: t.Header, ReadTimeout: t.Read, WriteTimeout: t.Write,
		IdleTimeout: t.Idle, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	got := place{"http", ln.Addr(), admin}
	if config != nil {
		srv.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){} // the captures are HTTP/1.1
		ln = tls.NewListener(ln, config)
		got.scheme = "https"
	}
	s.listening.Lock()
	defer s.listening.Unlock()
	var plain *http1.Listener
	if config == nil && !admin {
		plain = http1.Listen(ln, srv, s.isVendors)
		ln = plain
	}
	s.places, s.servers = append(s.places, got), append(s.servers, listening{srv, plain})
	s.done.Go(func() {
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("the listener stopped", "addr", got.addr.String(), "error", err)
		}
	})
	return got.addr, nil
}

// isVendors tells of a plain request whether it is a vendor's: the admin API streams and flushes, and waits for clients to leave.
func (s *Server) isVendors(r *http.Request) bool { return s.opts.AdminApart || !isAdmin(r.URL.Path) }

// listening is a server that listens, and where its plain requests are served.
type listening struct {
	server *http.Server
	plain  *http1.Listener // or nil
}

// shutdown stops listening and waits for the requests in flight, until ctx ends.
func (l listening) shutdown(ctx context.Context) error {
	err := l.server.Shutdown(ctx)
	if l.plain != nil {
		err = errors.Join(err, l.plain.Wait(ctx))
	}
	if err != nil {
		err = errors.Join(err, l.server.Close())
	}
	return err
}

func (s *Server) running() []listening {
	s.listening.Lock()
	defer s.listening.Unlock()
	return slices.Clone(s.servers)
}

// place returns where the admin API, or else the vendors, are listened for, with that scheme if there is such a place.
func (s *Server) place(admin bool, scheme string) (place, bool) {
	s.listening.Lock()
	defer s.listening.Unlock()
	fits := func(p place) bool { return p.admin == admin }
	i := slices.IndexFunc(s.places, func(p place) bool { return fits(p) && p.scheme == scheme })
	if i < 0 {
		i = slices.IndexFunc(s.places, fits)
	}
	if i < 0 {
		return place{}, false
	}
	return s.places[i], true
}

// url is how somebody who has reached this machine as host reaches the place.
func (p place) url(host string) string {
	name, port, err := net.SplitHostPort(p.addr.String())
	if ip := net.ParseIP(name); err != nil || ip != nil && !ip.IsUnspecified() {
		return p.scheme + "://" + p.addr.String()
	}
	if asked, _, err := net.SplitHostPort(host); err == nil {
		host = asked
	}
	return p.scheme + "://" + net.JoinHostPort(host, port)
}

// vendorsURL is the URL of the vendors for whoever sent a request.
func (s *Server) vendorsURL(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	if s.opts.AdminApart {
		if p, ok := s.place(false, scheme); ok {
			return p.url(r.Host)
		}
	}
	return scheme + "://" + r.Host
}
