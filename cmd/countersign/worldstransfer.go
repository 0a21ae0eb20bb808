package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/mockserver"
)

// The forms of an exported world: what the admin API calls them, and how files of the second end.
const (
	formJSON   = "json"
	formPacked = "packed"
	packedEnd  = ".world"
)

func (a *app) worldsExportCommand(r *runningServer) *cobra.Command {
	var file string
	form := oneOf(formJSON, formPacked)
	cmd := &cobra.Command{
		Use:   "export WORLD",
		Short: "Write a world as it is, credentials too, as one document",
		Long: `Write a world as it is: how it was made, clocks, counters, faults, transitions and every record, credentials too.

--format json is one JSON document, which every version of countersign reads. --format packed takes less than half the
bytes and is read several times as fast; each part of it has a checksum, and a version of countersign that has other records
refuses to read it. It is the default of a file that ends in ` + packedEnd + `.`,
		Example: `  countersign worlds export my-test > my-test.world.json
  countersign worlds export my-test --out my-test` + packedEnd,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.HasSuffix(file, packedEnd) && !cmd.Flags().Changed("format") {
				form.value = formPacked
			}
			return a.exportWorld(cmd.Context(), r, args[0], form.value, file)
		},
	}
	cmd.Flags().StringVar(&file, "out", "", "`FILE` to write; standard output if it is left out")
	form.addTo(cmd, "format", "JSON, or fewer bytes for this version; default: what the end of --out says")
	completeFiles(cmd, "out")
	return cmd
}

// exportWorld writes a world to a file, which is there only once it is whole, or with "" to standard output.
func (a *app) exportWorld(ctx context.Context, r *runningServer, world, form, file string) error {
	ctx, cancel := context.WithTimeout(ctx, transferTimeout)
	defer cancel()
	resp, err := a.ask(ctx, r, question{method: http.MethodGet, path: []string{"worlds", world, "export"}, query: url.Values{"form": {form}}})
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	if file == "" {
		_, err = io.Copy(a.out, resp.Body)
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".new-*") // for its owner alone: it holds secrets
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already where it was renamed
	_, err = io.Copy(f, resp.Body)
	if err != nil {
		err = fmt.Errorf("%s: the world came cut short: %w", r.url, err)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

// importFlags are how a world is imported.
type importFlags struct {
	name   string
	keep   bool
	format choice
}

func (a *app) worldsImportCommand(r *runningServer) *cobra.Command {
	f := &importFlags{format: oneOf("shell", "json", "dotenv")}
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Make a world of what export has written; - reads standard input",
		Long: `Make a world of what export has written, in either form. It gets credentials of its own, unless --keep-credentials asks
for those that were exported; then no other world of the server may have them.`,
		Example: `  countersign worlds import my-test.world --name again
  countersign worlds import my-test.world.json --keep-credentials`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.importWorld(cmd.Context(), r, f, args[0]) },
	}
	cmd.Flags().StringVar(&f.name, "name", "", "the world's `NAME`; that of the exported one, or a new one where it is taken")
	cmd.Flags().BoolVar(&f.keep, "keep-credentials", false, "keep the credentials that were exported")
	f.format.addTo(cmd, "format", "export lines for a shell, JSON, or a .env file")
	return cmd
}

func (a *app) importWorld(ctx context.Context, r *runningServer, f *importFlags, file string) error {
	from, err := a.openArgument(file)
	if err != nil {
		return err
	}
	defer from.Close() //nolint:errcheck // it was only read
	text := bufio.NewReader(from)
	kind, err := exportedForm(text)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	q := question{method: http.MethodPost, path: []string{"worlds", "import"}, query: url.Values{}, body: text, header: http.Header{"Content-Type": {kind}}}
	if f.name != "" {
		q.query.Set("name", f.name)
	}
	if f.keep {
		q.query.Set("keep_credentials", "true")
	}
	return a.makeWorld(ctx, r, q, f.format.value)
}

// exportedForm tells the content type of an exported world by how it begins.
func exportedForm(text *bufio.Reader) (string, error) {
	begin, err := text.Peek(text.Size())
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	switch begin := strings.TrimSpace(string(begin)); {
	case strings.HasPrefix(begin, "{"):
		return "application/json", nil
	case strings.HasPrefix(begin, mockserver.PackedBegin):
		return mockserver.PackedType, nil
	}
	return "", errors.New("is not JSON, nor a packed world")
}

// openArgument opens the file that an argument names, or standard input for "-".
func (a *app) openArgument(file string) (io.ReadCloser, error) {
	if file == "-" {
		return io.NopCloser(a.in), nil
	}
	return os.Open(file)
}
