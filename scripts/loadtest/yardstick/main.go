// Command yardstick is what countersign's speed is measured by: a bare gin handler that answers one method and path with
// given bytes. It has no middleware, and does of a handler's work only what every one does: read the request's body and
// write the reply.
//
//	yardstick --method GET --path /v2/p/design/approvals/users --status 200 --content-type application/json \
//	  --header 'X-Request-Id: 0833a5737480d53b' --body FILE
//
// The first line that it prints is its address, host:port.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

func main() {
	log.SetFlags(0)
	method := flag.String("method", http.MethodGet, "method that is answered")
	path := flag.String("path", "/", "path that is answered")
	status := flag.Int("status", http.StatusOK, "status of the reply")
	contentType := flag.String("content-type", "application/json", "Content-Type of the reply")
	header := map[string]string{}
	flag.Func("header", "further `FIELD` of the reply, name: value; may be given more than once", func(field string) error {
		name, value, ok := strings.Cut(field, ": ")
		if !ok {
			return errors.New("want name: value")
		}
		header[name] = value
		return nil
	})
	bodyFile := flag.String("body", "", "`FILE` with the bytes of the reply")
	flag.Parse()
	body, err := os.ReadFile(*bodyFile)
	if err != nil {
		log.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ln.Addr())
	srv := &http.Server{Handler: handler(*method, *path, *status, *contentType, header, body), ReadHeaderTimeout: time.Minute}
	log.Fatal(srv.Serve(ln))
}

func handler(method, path string, status int, contentType string, header map[string]string, body []byte) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.Handle(method, path, func(c *gin.Context) {
		if _, err := io.Copy(io.Discard, c.Request.Body); err != nil {
			_ = c.AbortWithError(http.StatusBadRequest, err)
			return
		}
		for name, value := range header {
			c.Header(name, value)
		}
		c.Data(status, contentType, body)
	})
	return engine
}
