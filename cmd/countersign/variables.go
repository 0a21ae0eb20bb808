package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// variable is an environment variable.
type variable struct{ name, value string }

// printVariables prints the JSON of env as lines of a shell or of a .env file.
func (a *app) printVariables(data []byte, format string) error {
	var env map[string]any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&env); err != nil {
		return err
	}
	list, err := a.variables(env)
	if err != nil {
		return err
	}
	for _, v := range list {
		if format == "shell" {
			fmt.Fprintf(a.out, "export %s=%s\n", v.name, shellQuote(v.value))
		} else {
			fmt.Fprintf(a.out, "%s=%s\n", v.name, dotenvQuote(v.value))
		}
	}
	return nil
}

// variables are, vendor by vendor, what its SDKs read and then every field under a name of ours.
func (a *app) variables(env map[string]any) ([]variable, error) {
	var out []variable
	rest := maps.Clone(env)
	for _, v := range a.vendors {
		section, ok := env[v.name].(map[string]any)
		if !ok {
			continue
		}
		delete(rest, v.name)
		fields := map[string]string{}
		for name, value := range section {
			fields[name] = plainText(value)
		}
		own, err := v.sdkVariables(fields)
		if err != nil {
			return nil, err
		}
		out = append(out, own...)
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			out = append(out, variable{"COUNTERSIGN_" + upper(v.name) + "_" + upper(name), fields[name]})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		out = append(out, variable{"COUNTERSIGN_" + upper(name), plainText(rest[name])})
	}
	return out, nil
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

func (v vendor) sdkVariables(fields map[string]string) ([]variable, error) {
	var out []variable
	for _, r := range v.reads {
		value, ok := fields[r.field]
		if !ok {
			return nil, fmt.Errorf("%s: env has no field %q for %s", v.name, r.field, r.name)
		}
		value, fits := strings.CutPrefix(value, r.only)
		if !fits {
			continue
		}
		name := placeholder.ReplaceAllStringFunc(r.name, func(p string) string { return upper(fields[strings.Trim(p, "{}")]) })
		out = append(out, variable{name, value})
	}
	return out, nil
}

var notInNames = regexp.MustCompile(`[^A-Z0-9]+`)

// upper is a name as environment variables are written.
func upper(s string) string { return notInNames.ReplaceAllString(strings.ToUpper(s), "_") }

// plainText is a value of env as text: lists are joined by commas, anything else deeper is JSON.
func plainText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case []any:
		items := make([]string, len(v))
		for i, x := range v {
			items[i] = plainText(x)
		}
		return strings.Join(items, ",")
	}
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // it came from JSON
	}
	return string(data)
}

// shellQuote quotes for POSIX shells; nothing in single quotes means anything but the quote itself.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

var bareInDotenv = regexp.MustCompile(`^[A-Za-z0-9_@%+:,./=-]*$`)

// dotenvQuote quotes only what needs it: `docker run --env-file` takes quotes for a part of the value. Single quotes
// are taken literally by the readers of .env files; a value that has one is put in double quotes.
func dotenvQuote(s string) string {
	switch {
	case bareInDotenv.MatchString(s):
		return s
	case !strings.ContainsAny(s, "'\n\r"):
		return "'" + s + "'"
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "\n", `\n`, "\r", `\r`).Replace(s) + `"`
}
