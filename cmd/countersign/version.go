package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// build is what the binary says of itself. What the go command left out ("go run" knows no commit) is empty.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Time     string `json:"time,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func buildOf(info *debug.BuildInfo, ok bool) build {
	b := build{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" {
		b.Version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func (b build) String() string {
	commit := b.Commit
	switch {
	case commit == "":
		commit = "commit unknown"
	case b.Modified:
		commit = "commit " + commit + ", with changes"
	default:
		commit = "commit " + commit
	}
	return fmt.Sprintf("countersign %s (%s) %s %s", b.Version, commit, b.Go, b.Platform)
}

func buildText() string { return buildOf(debug.ReadBuildInfo()).String() }

func (a *app) versionCommand() *cobra.Command {
	format := oneOf("text", "json")
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print what this binary was built from",
		Example: "  countersign version\n  countersign version --format json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if format.value == "json" {
				return a.printJSON(buildOf(debug.ReadBuildInfo()))
			}
			fmt.Fprintln(a.out, buildText())
			return nil
		},
	}
	format.addTo(cmd, "format", "how to print it")
	return cmd
}

// printJSON writes a value for programs, indented for people.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
