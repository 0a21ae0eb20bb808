package mockserver

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"

	"github.com/countersign/countersign/specs"
)

// adminDocument is the OpenAPI document of the admin API.
type adminDocument struct {
	yaml, json []byte
	spec       *openapi3.T
}

// describedAdmin reads the document once.
var describedAdmin = sync.OnceValues(func() (*adminDocument, error) {
	text, err := specs.File(specs.AdminFile)
	if err != nil {
		return nil, err
	}
	spec, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", specs.AdminFile, err)
	}
	data, err := spec.MarshalJSON()
	return &adminDocument{text, data, spec}, err
})

func (s *Server) adminDescription(c *gin.Context) { answerDescription(c, "application/yaml", false) }

func (s *Server) adminDescriptionJSON(c *gin.Context) {
	answerDescription(c, "application/json; charset=utf-8", true)
}

func answerDescription(c *gin.Context, contentType string, asJSON bool) {
	doc, err := describedAdmin()
	switch {
	case err != nil:
		adminError(c, http.StatusInternalServerError, err.Error())
	case asJSON:
		c.Data(http.StatusOK, contentType, doc.json)
	default:
		c.Data(http.StatusOK, contentType, doc.yaml)
	}
}
