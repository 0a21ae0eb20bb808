package mockserver

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
)

// adminTransitionRoutes are for the transitions of a world.
func (s *Server) adminTransitionRoutes(g *gin.RouterGroup) {
	g.GET("/worlds/:world/transitions", s.adminTransitions)
	g.POST("/worlds/:world/transitions", s.adminAddTransitions)
	g.DELETE("/worlds/:world/transitions", s.adminClearTransitions)
	g.GET("/worlds/:world/transitions/:id", s.adminTransition)
	g.DELETE("/worlds/:world/transitions/:id", s.adminDeleteTransition)
}

func transitionFailure(c *gin.Context, err error) {
	switch {
	case errors.Is(err, ErrNoTransition):
		adminError(c, http.StatusNotFound, err.Error())
	case errors.Is(err, ErrTransitionTaken):
		adminError(c, http.StatusConflict, err.Error()+"; delete that one first")
	default:
		adminFailure(c, err)
	}
}

func (s *Server) adminTransitions(c *gin.Context) {
	if w := s.theWorld(c); w != nil {
		c.JSON(http.StatusOK, gin.H{"transitions": w.Transitions()})
	}
}

func (s *Server) adminAddTransitions(c *gin.Context) {
	w := s.theWorld(c)
	if w == nil {
		return
	}
	var list oneOrMore[Transition]
	err := bind(c, &list)
	if err == nil && len(list) == 0 {
		err = errors.New(`body: want a transition such as {"collection": "...", "record": "...", "patch": {...}, "after": "30s"}, or a list of them`)
	}
	var added []TransitionStatus
	if err == nil {
		added, err = w.AddTransitions(list...)
	}
	if err != nil {
		transitionFailure(c, err)
		return
	}
	c.JSON(http.StatusCreated, gin.H{"transitions": added})
}

func (s *Server) adminClearTransitions(c *gin.Context) {
	w := s.theWorld(c)
	if w == nil {
		return
	}
	n, err := w.ClearTransitions()
	if err != nil {
		transitionFailure(c, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"deleted": n})
}

func (s *Server) adminTransition(c *gin.Context) {
	w := s.theWorld(c)
	if w == nil {
		return
	}
	for _, t := range w.Transitions() {
		if t.Transition.ID == c.Param("id") {
			c.JSON(http.StatusOK, t)
			return
		}
	}
	transitionFailure(c, fmt.Errorf("%w %q", ErrNoTransition, c.Param("id")))
}

func (s *Server) adminDeleteTransition(c *gin.Context) {
	w := s.theWorld(c)
	if w == nil {
		return
	}
	if err := w.RemoveTransition(c.Param("id")); err != nil {
		transitionFailure(c, err)
		return
	}
	c.Status(http.StatusNoContent)
}
