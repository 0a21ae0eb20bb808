package check

import (
	"sort"
	"strings"
)

// The headers that HTTP itself, and tracing, may put on any message; no document has to name them.
var (
	httpRequestHeaders = set("accept accept-charset accept-encoding accept-language authorization cache-control connection content-encoding " +
		"content-length content-type cookie date expect forwarded host if-match if-modified-since if-none-match origin pragma range referer te " +
		"traceparent tracestate transfer-encoding upgrade user-agent via x-forwarded-for x-forwarded-host x-forwarded-proto")
	httpReplyHeaders = set("access-control-allow-origin age allow cache-control connection content-encoding content-language content-length " +
		"content-type date etag expires keep-alive last-modified location pragma retry-after server set-cookie strict-transport-security " +
		"trailer transfer-encoding vary via www-authenticate")
)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
