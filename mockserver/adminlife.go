package mockserver

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// importRoute takes exported worlds, which can be large.
const importRoute = adminPrefix + "/worlds/import"

// adminLife mounts what changes a world as a whole.
func (s *Server) adminLife(g *gin.RouterGroup) {
	g.POST("/worlds/:world/fork", s.adminFork)
	g.GET("/worlds/:world/clock", s.adminClock)
	g.POST("/worlds/:world/clock", s.adminChangeClock)
	g.GET("/worlds/:world/snapshots", s.adminSnapshots)
	g.POST("/worlds/:world/snapshots", s.adminSaveSnapshot)
	g.DELETE("/worlds/:world/snapshots/:snapshot", s.adminDeleteSnapshot)
	g.POST("/worlds/:world/snapshots/:snapshot/load", s.adminLoadSnapshot)
	g.GET("/worlds/:world/export", s.adminExport)
	g.POST(strings.TrimPrefix(importRoute, adminPrefix), s.adminImport)
}

// named is the body of what makes something that has a name.
type named struct {
	Name string `json:"name"`
}

func (s *Server) adminFork(c *gin.Context) {
	var r named
	if err := bind(c, &r); err != nil {
		adminFailure(c, err)
		return
	}
	w, err := s.ForkWorld(c.Request.Context(), c.Param("world"), r.Name)
	if err != nil {
		adminFailure(c, err)
		return
	}
	s.answerMade(c, w)
}

// answerMade answers a world that has just been made, in the form of `countersign env`.
func (s *Server) answerMade(c *gin.Context, w *World) {
	env, err := s.env(c, w)
	if err != nil {
		adminFailure(c, err)
		return
	}
	c.JSON(http.StatusCreated, gin.H{"name": w.name, "env": env})
}

func (s *Server) adminClock(c *gin.Context) {
	if w := s.theWorld(c); w != nil {
		c.JSON(http.StatusOK, w.Clock())
	}
}

func (s *Server) adminChangeClock(c *gin.Context) {
	w := s.theWorld(c)
	if w == nil {
		return
	}
	var ch ClockChange
	err := bind(c, &ch)
	if err == nil {
		var v ClockView
		if v, err = w.ChangeClock(c.Request.Context(), ch); err == nil {
			c.JSON(http.StatusOK, v)
			return
		}
	}
	adminFailure(c, err)
}

func (s *Server) adminSnapshots(c *gin.Context) {
	if w := s.theWorld(c); w != nil {
		c.JSON(http.StatusOK, gin.H{"snapshots": append([]Snapshot{}, w.Snapshots()...)})
	}
}

func (s *Server) adminSaveSnapshot(c *gin.Context) {
	w := s.theWorld(c)
	if w == nil {
		return
	}
	var r named
	err := bind(c, &r)
	if err == nil {
		var sn Snapshot
		if sn, err = w.SaveSnapshot(r.Name); err == nil {
			c.JSON(http.StatusCreated, sn)
			return
		}
	}
	adminFailure(c, err)
}

func (s *Server) adminLoadSnapshot(c *gin.Context) {
	w := s.theWorld(c)
	if w == nil {
		return
	}
	if err := w.LoadSnapshot(c.Param("snapshot")); err != nil {
		adminFailure(c, err)
		return
	}
	c.JSON(http.StatusOK, s.describe(w))
}

func (s *Server) adminDeleteSnapshot(c *gin.Context) {
	w := s.theWorld(c)
	if w == nil {
		return
	}
	if err := w.DeleteSnapshot(c.Param("snapshot")); err != nil {
		adminFailure(c, err)
		return
	}
	c.Status(http.StatusNoContent)
}

func (s *Server) adminExport(c *gin.Context) {
	w := s.theWorld(c)
	if w == nil {
		return
	}
	export, kind, end := w.Export, "application/json; charset=utf-8", ".world.json"
	switch form := c.Query("form"); form {
	case "", "json":
	case "packed":
		export, kind, end = w.ExportPacked, PackedType, ".world"
	default:
		adminError(c, http.StatusBadRequest, fmt.Sprintf("form %q: want json or packed", form))
		return
	}
	c.Header("Content-Type", kind)
	c.Header("Content-Disposition", `attachment; filename="`+w.name+end+`"`)
	if err := export(c.Request.Context(), c.Writer); err != nil {
		s.log.Error("an export ended early", "world", w.name, "error", err)
		panic(http.ErrAbortHandler) // the status is out: the client is to notice
	}
}

func (s *Server) adminImport(c *gin.Context) {
	w, err := s.ImportWorld(c.Request.Context(), c.Request.Body, ImportOptions{Name: c.Query("name"), KeepCredentials: c.Query("keep_credentials") == "true"})
	if err != nil {
		// Who still sends it hears the answer only when that is done.
		if _, left := io.Copy(io.Discard, c.Request.Body); errors.As(left, new(*http.MaxBytesError)) {
			err = left
		}
		adminFailure(c, err)
		return
	}
	s.answerMade(c, w)
}
