package mockserver

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"
)

// placeholder stands in commands for what the journal does not show.
const placeholder = "REDACTED"

// WriteCurl writes the entries that a query selects as curl commands for a POSIX shell, each behind a comment with its id
// and outcome. They go to base ("http://127.0.0.1:8750"), never to the host that the client named, since that may be the
// vendor's. Secrets are replaced by REDACTED. It returns how many evicted entries are missing. Errors: those of Find,
// w's.
func (s *Server) WriteCurl(w io.Writer, q JournalQuery, base string) (missed uint64, err error) {
	sel, err := s.selection(q)
	if err != nil {
		return 0, err
	}
	return s.writeCurl(w, sel, base)
}

func (s *Server) writeCurl(w io.Writer, sel *selection, base string) (uint64, error) {
	missed, err := s.visit(sel, func(e *Entry) error {
		v := e.view(true)
		_, err := fmt.Fprintf(w, "# #%d %s\n%s\n", v.ID, oneLine(e.title()), curlCommand(&v, base))
		return err
	})
	if err == nil && missed > 0 {
		_, err = fmt.Fprintf(w, "# %s\n", harComment(missed))
	}
	return missed, err
}

// oneLine keeps a comment from ending before its time.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, s)
}

// curlCommand is a request as a command. --path-as-is and --globoff keep curl from changing the URL, -H 'Name:' from
// adding a header that was not sent.
func curlCommand(v *EntryView, base string) string {
	target := v.Request.URI
	if !strings.HasPrefix(target, "/") {
		target = "/" + target // an absolute form, or OPTIONS *: --request-target has it as it was
	}
	args := []string{"curl", "--path-as-is", "--globoff"}
	if v.Request.Method == http.MethodHead {
		args = append(args, "--head")
	} else {
		args = append(args, "--request", v.Request.Method)
	}
	args = append(args, curlHeaders(v, base)...)
	if target != v.Request.URI {
		args = append(args, "--request-target", v.Request.URI)
		target = "/"
	}
	body := shownText(v.Request.Body)
	before := ""
	switch {
	case body == "":
	case utf8.ValidString(body) && !strings.Contains(body, "\x00"):
		args = append(args, "--data-raw", body)
	default: // no argument can hold it
		before = "printf " + quoteShell(octal(body)) + " | "
		args = append(args, "--data-binary", "@-")
	}
	args = append(args, strings.TrimSuffix(base, "/")+shownText(target))
	for i, a := range args {
		args[i] = quoteShell(a)
	}
	return before + strings.Join(args, " ")
}

func shownText(s string) string { return strings.ReplaceAll(s, redacted, placeholder) }

// unsent are headers that curl makes itself, as they were.
var unsent = []string{"Content-Length", "Connection", "Transfer-Encoding", "Expect"}

func curlHeaders(v *EntryView, base string) []string {
	var args []string
	if _, host, _ := strings.Cut(strings.TrimSuffix(base, "/"), "://"); host != v.Request.Host {
		args = append(args, "--header", "Host: "+v.Request.Host)
	}
	h := v.Request.Header.Clone()
	for _, name := range unsent {
		h.Del(name)
	}
	for _, name := range []string{"Accept", "User-Agent", "Content-Type"} { // curl's own, unless they are taken out
		if _, sent := h[name]; !sent && (name != "Content-Type" || v.Request.Body != "") {
			args = append(args, "--header", name+":")
		}
	}
	for _, name := range headerNames(h) {
		for _, value := range h[name] {
			if value == "" {
				args = append(args, "--header", name+";") // how curl sends an empty one
				continue
			}
			args = append(args, "--header", name+": "+shownText(value))
		}
	}
	return args
}

// quoteShell writes a text so that a POSIX shell reads it as one word.
func quoteShell(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=@%+,", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// octal is a text for printf in which every byte is escaped.
func octal(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, `\%03o`, s[i])
	}
	return b.String()
}
