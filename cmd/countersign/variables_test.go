package main

import (
	"errors"
	"strings"
	"testing"
)

func TestQuoting(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, value, shell, dotenv string
	}{
		{"Plain", "LTAI5t", `'LTAI5t'`, `LTAI5t`},
		{"URL", "http://127.0.0.1:8750", `'http://127.0.0.1:8750'`, `http://127.0.0.1:8750`},
		{"List", "a,b", `'a,b'`, `a,b`},
		{"Nothing", "", `''`, ``},
		{"Spaces", "a b", `'a b'`, `'a b'`},
		{"Comment", "a#b", `'a#b'`, `'a#b'`},
		{"Dollar", "$HOME", `'$HOME'`, `'$HOME'`},
		{"Quote", "it's", `'it'\''s'`, `"it's"`},
		{"QuoteAndDollar", `'$a"\`, `''\''$a"\'`, `"'\$a\"\\"`},
		{"Lines", "a\nb", "'a\nb'", `"a\nb"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := shellQuote(tt.value); got != tt.shell {
				t.Errorf("shell: %s, want %s", got, tt.shell)
			}
			if got := dotenvQuote(tt.value); got != tt.dotenv {
				t.Errorf("dotenv: %s, want %s", got, tt.dotenv)
			}
		})
	}
}

func FuzzQuoting(f *testing.F) {
	for _, seed := range []string{"", "a", "it's", `"`, `\`, "$x", "a\nb", "`id`", "#", "\\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if got, err := readShell(shellQuote(value)); err != nil || got != value {
			t.Errorf("a shell reads %q from %s, want %q (%v)", got, shellQuote(value), value, err)
		}
		if got, err := readDotenv(dotenvQuote(value)); err != nil || got != value {
			t.Errorf("a reader of .env files reads %q from %s, want %q (%v)", got, dotenvQuote(value), value, err)
		}
	})
}

// readShell reads a word as a POSIX shell does: single quotes, and a backslash before one character outside of them.
func readShell(s string) (string, error) {
	var out strings.Builder
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			quoted = !quoted
		case !quoted && s[i] == '\\':
			i++
			out.WriteByte(s[i])
		case !quoted:
			return "", errors.New("a character outside of quotes")
		default:
			out.WriteByte(s[i])
		}
	}
	if quoted {
		return "", errors.New("a quote is open")
	}
	return out.String(), nil
}

// readDotenv reads a value as the common readers of .env files do.
func readDotenv(s string) (string, error) {
	if len(s) < 2 || s[0] != '\'' && s[0] != '"' {
		if strings.ContainsAny(s, " #$'\"\\\n\r") {
			return "", errors.New("a character that wants quotes")
		}
		return s, nil
	}
	quote, body := s[0], s[1:len(s)-1]
	if s[len(s)-1] != quote || quote == '\'' && strings.ContainsAny(body, "'\n\r") {
		return "", errors.New("quotes that do not close the value")
	}
	if quote == '\'' {
		return body, nil
	}
	var out strings.Builder
	for i := 0; i < len(body); i++ {
		switch c := body[i]; c {
		case '\\':
			i++
			out.WriteString(strings.NewReplacer("n", "\n", "r", "\r").Replace(body[i : i+1]))
		case '"', '$', '\n', '\r':
			return "", errors.New("a character that wants a backslash")
		default:
			out.WriteByte(c)
		}
	}
	return out.String(), nil
}
