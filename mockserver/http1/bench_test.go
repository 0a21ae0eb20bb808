package http1_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// BenchmarkRequests is a request and its reply over loopback, one after the other, with a client that does nothing but that.
func BenchmarkRequests(b *testing.B) {
	const request = "POST /a HTTP/1.1\r\nHost: localhost:7410\r\nContent-Type: application/json\r\nX-Sdk-Date: 20240601T093000Z\r\n" +
		"Authorization: SDK-HMAC-SHA256 Access=AK, SignedHeaders=content-type;host;x-sdk-date, Signature=0123456789abcdef\r\n" +
		"Content-Length: 14\r\n\r\n{\"name\":\"one\"}"
	reply := strings.Repeat("x", 400)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header()["Content-Type"] = []string{"application/json"}
		w.Header()["Content-Length"] = []string{"400"}
		_, _ = io.WriteString(w, reply)
	})
	for name, own := range map[string]bool{"here": true, "net/http": false} {
		b.Run(name, func(b *testing.B) {
			s := serve(b, own, &http.Server{Handler: handler})
			c, err := net.Dial("tcp", s.addr)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			in := bufio.NewReader(c)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := io.WriteString(c, request); err != nil {
					b.Fatal(err)
				}
				for line := ""; line != "\r\n"; {
					if line, err = in.ReadString('\n'); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := in.Discard(len(reply)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
