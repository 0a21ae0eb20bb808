package mockserver

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
)

// adminFaultRoutes are for the fault rules of a world.
func (s *Server) adminFaultRoutes(g *gin.RouterGroup) {
	g.GET("/worlds/:world/faults", s.adminFaults)
	g.POST("/worlds/:world/faults", s.adminAddFaults)
	g.DELETE("/worlds/:world/faults", s.adminClearFaults)
	g.GET("/worlds/:world/faults/:id", s.adminFault)
	g.PUT("/worlds/:world/faults/:id", s.adminPutFault)
	g.DELETE("/worlds/:world/faults/:id", s.adminDeleteFault)
}

// faultFailure answers an error about fault rules.
func faultFailure(c *gin.Context, err error) {
	switch {
	case errors.Is(err, ErrNoFault):
		adminError(c, http.StatusNotFound, err.Error())
	case errors.Is(err, ErrFaultTaken):
		adminError(c, http.StatusConflict, err.Error()+"; PUT replaces it")
	default:
		adminFailure(c, err)
	}
}

func (s *Server) adminFaults(c *gin.Context) {
	if w := s.theWorld(c); w != nil {
		c.JSON(http.StatusOK, gin.H{"faults": w.Faults()})
	}
}

func (s *Server) adminAddFaults(c *gin.Context) {
	w := s.theWorld(c)
	if w == nil {
		return
	}
	var rules oneOrMore[FaultRule]
	err := bind(c, &rules)
	if err == nil && len(rules) == 0 {
		err = errors.New(`body: want a rule such as {"vendor": "...", "effect": {"throttle": {}}}, or a list of rules`)
	}
	var added []FaultStatus
	if err == nil {
		added, err = w.AddFaults(rules...)
	}
	if err != nil {
		faultFailure(c, err)
		return
	}
	c.JSON(http.StatusCreated, gin.H{"faults": added})
}

func (s *Server) adminClearFaults(c *gin.Context) {
	w := s.theWorld(c)
	if w == nil {
		return
	}
	n, err := w.ClearFaults()
	if err != nil {
		faultFailure(c, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"deleted": n})
}

func (s *Server) adminFault(c *gin.Context) {
	w := s.theWorld(c)
	if w == nil {
		return
	}
	status, err := w.Fault(c.Param("id"))
	if err != nil {
		faultFailure(c, err)
		return
	}
	c.JSON(http.StatusOK, status)
}

func (s *Server) adminPutFault(c *gin.Context) {
	w := s.theWorld(c)
	if w == nil {
		return
	}
	id := c.Param("id")
	var rule FaultRule
	err := bind(c, &rule)
	if err == nil && rule.ID != "" && rule.ID != id {
		err = fmt.Errorf("body: id is %q, but the path names %q", rule.ID, id)
	}
	if err != nil {
		adminFailure(c, err)
		return
	}
	rule.ID = id
	status, created, err := w.PutFault(rule)
	if err != nil {
		faultFailure(c, err)
		return
	}
	code := http.StatusOK
	if created {
		code = http.StatusCreated
	}
	c.JSON(code, status)
}

func (s *Server) adminDeleteFault(c *gin.Context) {
	w := s.theWorld(c)
	if w == nil {
		return
	}
	if err := w.RemoveFault(c.Param("id")); err != nil {
		faultFailure(c, err)
		return
	}
	c.Status(http.StatusNoContent)
}
