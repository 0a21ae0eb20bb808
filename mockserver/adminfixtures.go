package mockserver

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// adminFixtureRoutes are for what worlds can be made of.
func (s *Server) adminFixtureRoutes(g *gin.RouterGroup) {
	g.GET("/fixtures", s.adminFixtures)
	g.GET("/fixtures/:fixture", s.adminFixture)
	g.PUT("/fixtures/:fixture", s.adminPutFixture)
	g.DELETE("/fixtures/:fixture", s.adminDeleteFixture)
}

func (s *Server) adminFixtures(c *gin.Context) {
	c.JSON(http.StatusOK, gin.H{"fixtures": s.Fixtures()})
}

func (s *Server) adminFixture(c *gin.Context) {
	view, err := s.Fixture(c.Param("fixture"))
	if err != nil {
		adminFailure(c, err)
		return
	}
	c.JSON(http.StatusOK, view)
}

func (s *Server) adminPutFixture(c *gin.Context) {
	var setting WorldSetting
	err := bind(c, &setting)
	var view FixtureView
	created := false
	if err == nil {
		view, created, err = s.PutFixture(c.Request.Context(), c.Param("fixture"), setting)
	}
	if err != nil {
		adminFailure(c, err)
		return
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	c.JSON(status, view)
}

func (s *Server) adminDeleteFixture(c *gin.Context) {
	if err := s.RemoveFixture(c.Param("fixture")); err != nil {
		adminFailure(c, err)
		return
	}
	c.Status(http.StatusNoContent)
}
