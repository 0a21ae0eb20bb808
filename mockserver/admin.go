package mockserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/countersign/countersign/mockserver/disk"
	"github.com/countersign/countersign/mockserver/store"
)

const adminPrefix = "/__admin"

// isAdmin reports whether a path belongs to the admin API.
func isAdmin(path string) bool {
	rest, ok := strings.CutPrefix(path, adminPrefix)
	return ok && (rest == "" || rest[0] == '/')
}

// AdminHandler is the admin API alone as an http.Handler, for embedding with Options.AdminApart.
func (s *Server) AdminHandler() http.Handler {
	engine := s.engine()
	engine.NoRoute(s.mountAdmin(engine))
	return engine
}

// mountAdmin mounts the API that tests steer the server with, and returns what answers all else below /__admin.
func (s *Server) mountAdmin(engine *gin.Engine) gin.HandlerFunc {
	group := engine.Group(adminPrefix, s.guard)
	if s.checkAll {
		group.Use(s.checkAdmin)
	}
	s.admin(group)
	routes := engine.Routes()
	return func(c *gin.Context) {
		if s.guard(c); !c.IsAborted() {
			noAdminRoute(c, routes)
		}
	}
}

// noAdminRoute answers what no route is for: 405 where one of another method is.
func noAdminRoute(c *gin.Context, routes gin.RoutesInfo) {
	path := c.Request.URL.Path
	var methods []string
	for _, r := range routes {
		if routeFits(r.Path, path) {
			methods = append(methods, r.Method)
		}
	}
	if len(methods) == 0 {
		adminError(c, http.StatusNotFound, "no admin operation is "+c.Request.Method+" "+path+"; "+adminPrefix+"/openapi.yaml describes them")
		return
	}
	slices.Sort(methods)
	allow := strings.Join(slices.Compact(methods), ", ")
	c.Header("Allow", allow)
	adminError(c, http.StatusMethodNotAllowed, path+" is served with "+allow+", not with "+c.Request.Method)
}

// routeFits reports whether a path fits a route of gin, with :name for a segment and *name for the rest.
func routeFits(route, path string) bool {
	want, got := strings.Split(route, "/"), strings.Split(path, "/")
	for i, segment := range want {
		if strings.HasPrefix(segment, "*") {
			return len(got) > i
		}
		if i >= len(got) || got[i] == "" && segment != "" {
			return false
		}
		if got[i] != segment && !strings.HasPrefix(segment, ":") {
			return false
		}
	}
	return len(got) == len(want)
}

func (s *Server) admin(g *gin.RouterGroup) {
	g.GET("/openapi.yaml", s.adminDescription)
	g.GET("/openapi.json", s.adminDescriptionJSON)
	g.GET("/health", s.adminHealth)
	g.GET("/metrics", s.adminMetrics)
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
	if s.opts.Debug != nil {
		g.GET("/debug/*path", gin.WrapH(http.StripPrefix(adminPrefix, s.opts.Debug)))
	}
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
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		adminError(c, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is over the limit of %d bytes", large.Limit))
		return
	case errors.Is(err, disk.ErrNoWorld), errors.Is(err, ErrNoWorld), errors.Is(err, ErrNoState), errors.Is(err, ErrNoSnapshot), errors.Is(err, ErrNoFixture),
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
	c.JSON(http.StatusOK, s.describe(w))
}

// bind reads a JSON body strictly. An empty body leaves v as it is.
func bind(c *gin.Context, v any) error {
	dec := json.NewDecoder(c.Request.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		return fmt.Errorf("body: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.Join(errors.New("body: something follows the JSON value"), err)
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
