package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/specs"
)

func (a *app) specsCommand() *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "specs",
		Short: "Show the documents that the server works from",
		Long: `Show the OpenAPI documents that the server works from: routes, validation, refusals, pagination and errors come from
them, each with its source, and every guess with a number.`,
		Example: `  countersign specs list
  countersign specs print wps/oauth.yaml
  countersign specs explain ResultCallback
  countersign specs explain QB-003`,
	})
	cmd.AddCommand(a.specsListCommand(), a.specsPrintCommand(), a.specsExplainCommand())
	return cmd
}

// documentFile is a document as `countersign specs list` shows it.
type documentFile struct {
	Vendor     string             `json:"vendor"`
	File       string             `json:"file"`
	Operations []documentOperated `json:"operations"`
}

type documentOperated struct {
	ID     string `json:"id"`
	Method string `json:"method"`
	Path   string `json:"path"`
}

func (a *app) specsListCommand() *cobra.Command {
	format := oneOf("table", "json")
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the documents and their operations",
		Example: "  countersign specs list\n  countersign specs list --format json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			list, err := a.documentFiles()
			if err != nil {
				return err
			}
			if format.value == "json" {
				return a.printJSON(list)
			}
			t := table{head: []string{"VENDOR", "FILE", "OPERATIONS"}, text: 1}
			for _, d := range list {
				t.rows = append(t.rows, []string{d.Vendor, d.File, d.operations()})
			}
			return t.print(a.out, a.width())
		},
	}
	format.addTo(cmd, "format", "how to print it")
	return cmd
}

func (d documentFile) operations() string {
	if len(d.Operations) == 0 {
		return "(shared parts)"
	}
	var texts []string
	for _, o := range d.Operations {
		texts = append(texts, fmt.Sprintf("%s (%s %s)", o.ID, o.Method, o.Path))
	}
	return strings.Join(texts, ", ")
}

func (a *app) documentFiles() ([]documentFile, error) {
	vendors, err := a.documents()
	if err != nil {
		return nil, err
	}
	var list []documentFile
	for _, v := range vendors {
		files, err := specs.Files(v.Name)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			d := documentFile{Vendor: v.Name, File: file, Operations: []documentOperated{}}
			for _, o := range v.Operations {
				if o.Document.File == file {
					d.Operations = append(d.Operations, documentOperated{o.ID, o.Method, o.Path})
				}
			}
			list = append(list, d)
		}
	}
	return list, nil
}

func (a *app) specsPrintCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "print FILE|VENDOR",
		Short: "Print a document, or all of a vendor",
		Long: `Print a document as it is, or all documents of a vendor as one YAML stream. A document refers to the shared parts
in the file common.yaml of its vendor: save both into one folder for tools that read them. world.schema.json is the
JSON schema of the file that serve --world reads; editors complete and check by it. admin.yaml describes the admin API:
clients for it can be generated from it.`,
		Example: `  countersign specs print quickbi/result-callback.yaml
  countersign specs print world.schema.json > world.schema.json
  countersign specs print dataarts`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			files, err := a.filesNamed(args[0])
			if err != nil {
				return err
			}
			return a.printFiles(files)
		},
	}
	completeArg(cmd, func() []string { return append(a.fileNames(), a.vendorNames()...) })
	return cmd
}

// fileNames are the paths of all documents, of the schema of the world file and of the document of the admin API.
func (a *app) fileNames() []string {
	var all []string
	for _, name := range a.vendorNames() {
		files, err := specs.Files(name)
		if err != nil {
			continue // a vendor without documents has none to name
		}
		all = append(all, files...)
	}
	return append(all, specs.WorldSchemaFile, specs.AdminFile)
}

// filesNamed are the documents of a vendor, or the one named by its path or, where only one has it, by its last part.
func (a *app) filesNamed(name string) ([]string, error) {
	if slices.Contains(a.vendorNames(), name) {
		return specs.Files(name)
	}
	var found []string
	for _, file := range a.fileNames() {
		if file == name || path.Base(file) == name {
			found = append(found, file)
		}
	}
	switch len(found) {
	case 0:
		return nil, unknown("document or vendor", name, append(a.fileNames(), a.vendorNames()...))
	case 1:
		return found, nil
	}
	return nil, usagef("%q is the name of several documents: %s", name, strings.Join(found, ", "))
}

func (a *app) printFiles(files []string) error {
	for _, file := range files {
		text, err := specs.File(file)
		if err != nil {
			return err
		}
		if len(files) > 1 {
			fmt.Fprintf(a.out, "---\n# %s\n", file)
		}
		if _, err := a.out.Write(text); err != nil {
			return err
		}
	}
	return nil
}
