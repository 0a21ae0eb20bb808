package mockserver

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/countersign/countersign/mockserver/disk"
	"github.com/countersign/countersign/mockserver/store"
)

const adminPrefix = "/__admin"

// maxAdminBody bounds what the admin API reads, in bytes: a world file can be large.
const maxAdminBody = 64 << 20

// admin mounts the API that tests steer the server with.
func (s *Server) admin(g *gin.RouterGroup) {
	g.Use(s.guard)
	g.GET("/health", s.adminHealth)
	s.adminJournal(g)
	g.POST("/reset", s.adminReset)
	g.GET("/worlds", s.adminWorlds)
	g.POST("/worlds", s.adminCreateWorld)
	g.GET("/worlds/:world", s.adminWorld)
	g.DELETE("/worlds/:world", s.adminDeleteWorld)
	g.GET("/worlds/:world/env", s.adminEnv)
	g.POST("/worlds/:world/reset", s.adminResetWorld)
	g.POST("/worlds/:world/states", s.adminState)
	s.adminFaultRoutes(g)
	s.adminLife(g)
	s.adminFixtureRoutes(g)
	s.adminTransitionRoutes(g)
	s.adminRecordRoutes(g)
	g.GET("/states", s.adminStates)
}

// guard asks for the token, if one is set, and refuses requests that a web page of another origin sends.
func (s *Server) guard(c *gin.Context) {
	if want := s.opts.AdminToken; want != "" {
		got := strings.TrimPrefix(c.GetHeader("Authorization"), "Bearer ")
		if subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 {
			adminError(c, http.StatusUnauthorized, "the admin API wants the token that `countersign serve` printed, as Authorization: Bearer TOKEN")
			return
		}
	}
	if origin := c.GetHeader("Origin"); origin != "" && !sameOrigin(origin, c.Request.Host) {
		adminError(c, http.StatusForbidden, "requests from the origin "+origin+" are not served")
		return
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxAdminBody)
}

func sameOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host == host
}

// IsLoopback reports whether a listen address is reachable from this machine only.
func IsLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// adminError answers with what is wrong, under the key "countersign" so that nobody takes it for a vendor's reply.
func adminError(c *gin.Context, status int, text string) {
	c.AbortWithStatusJSON(status, gin.H{"countersign": text})
}

// adminFailure answers an error with the status that fits it.
func adminFailure(c *gin.Context, err error) {
	status := http.StatusBadRequest
	var claim *ClaimError
	var dup *store.DuplicateError
	var full *disk.Error
	switch {
	case errors.Is(err, ErrNoWorld), errors.Is(err, ErrNoState), errors.Is(err, ErrNoSnapshot), errors.Is(err, ErrNoFixture),
		errors.Is(err, store.ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(err, ErrWorldTaken), errors.As(err, &claim), errors.As(err, &dup), errors.Is(err, ErrDefaultWorld):
		status = http.StatusConflict
	case errors.As(err, &full):
		status = http.StatusInsufficientStorage
	}
	adminError(c, status, err.Error())
}

func (s *Server) adminHealth(c *gin.Context) {
	status, text := http.StatusOK, "ready"
	if !s.ready.Load() {
		status, text = http.StatusServiceUnavailable, "shutting down"
	}
	names := make([]string, len(s.plugs))
	for i, p := range s.plugs {
		names[i] = p.Name
	}
	c.JSON(status, gin.H{"status": text, "vendors": names, "worlds": len(s.Worlds()), "bugs": s.Bugs(), "panics": s.panics.Load()})
}

func (s *Server) adminReset(c *gin.Context) { s.reset(c, DefaultWorld) }

func (s *Server) adminResetWorld(c *gin.Context) { s.reset(c, c.Param("world")) }

func (s *Server) reset(c *gin.Context, name string) {
	if err := s.ResetWorld(c.Request.Context(), name); err != nil {
		adminFailure(c, err)
		return
	}
	w, err := s.World(name)
	if err != nil {
		adminFailure(c, err)
		return
	}
	s.journal.drop(w)
	c.JSON(http.StatusOK, s.describe(w))
}

// bind reads a JSON body strictly. An empty body leaves v as it is.
func bind(c *gin.Context, v any) error {
	dec := json.NewDecoder(c.Request.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("body: %w", err)
	}
	return nil
}

func queryInt(c *gin.Context, name string, def int) (int, error) {
	text := c.Query(name)
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	if err == nil && n < 0 {
		err = errors.New("negative")
	}
	return n, err
}
