package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/contracts/check"
	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/specs"
)

func (a *app) requestsCoverageCommand(r *runningServer) *cobra.Command {
	f := &requestFilter{}
	o := &checkOptions{format: oneOf("text", "json")}
	cmd := &cobra.Command{
		Use:   "coverage",
		Short: "Report which documented operations, parameters, errors and pages the requests touched",
		Long: `Report which documented operations, parameters, errors and kinds of page the requests in the journal touched. It counts as
'countersign check --coverage' does for contracts, with requests in the place of interactions; --min makes it a gate.`,
		Example: `  countersign requests coverage --world my-test
  countersign requests coverage --scope ResultCallback,SmartqAuthorize --min 90`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q, err := a.selected(f)
			if err != nil {
				return err
			}
			return a.requestsCoverage(cmd.Context(), r, q, o, cmd.Flags().Changed("min"))
		},
	}
	a.addFilter(cmd, f)
	flags := cmd.Flags()
	o.format.addTo(cmd, "format", "how to print it")
	flags.Float64Var(&o.min, "min", 0, "fail if the coverage is less than `PERCENT`")
	flags.StringSliceVar(&o.scope, "scope", nil, "cover only the operations or vendors `NAME,...`")
	flags.BoolVar(&o.gateway, "gateway", false, "count the errors of the vendors' gateways too")
	completeFlag(cmd, "scope", func() []string { return append(a.operationWords(), a.vendorNames()...) })
	return cmd
}

func (a *app) requestsCoverage(ctx context.Context, r *runningServer, q mockserver.JournalQuery, o *checkOptions, gated bool) error {
	if o.min < 0 || o.min > 100 {
		return usagef("--min %v: want a percentage from 0 to 100", o.min)
	}
	vendors, err := a.documents()
	if err != nil {
		return err
	}
	names := append(operationNames(vendors), a.vendorNames()...)
	for _, name := range o.scope {
		if !slices.Contains(names, name) {
			return unknown("operation or vendor", name, names)
		}
	}
	pacts, err := a.journalPacts(ctx, r, q, vendors)
	if err != nil {
		return err
	}
	checker, err := check.New(vendors...)
	if err != nil {
		return err
	}
	report := checker.Check(pacts...)
	if err := report.Cover(check.Scope{Names: o.scope, Gateway: o.gateway}); err != nil {
		return err
	}
	if o.format.value == "json" {
		err = a.printJSON(report.Coverage)
	} else {
		err = a.printCoverage(report.Coverage)
	}
	if gate := (&check.Gate{Min: o.min, Percent: report.Coverage.Percent}); err == nil && gated && !gate.Met() {
		return errors.New(gate.String())
	}
	return err
}

// journalPacts asks for the journal and makes contracts of it, one a vendor: a request and its reply are an interaction.
func (a *app) journalPacts(ctx context.Context, r *runningServer, q mockserver.JournalQuery, vendors []*specs.Vendor) ([]*check.Pact, error) {
	values := inURL(q)
	values.Set("order", "oldest")
	resp, err := a.ask(ctx, r, question{method: http.MethodGet, path: []string{"requests"}, query: values})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	j := &journalReader{vendors: vendors, seen: map[string]bool{}, interactions: map[string][]any{}}
	missed, err := j.read(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.url, err)
	}
	if missed > 0 {
		fmt.Fprintf(a.err, "countersign: up to %d requests were evicted to keep the journal within its budget; they may have touched more\n", missed)
	}
	var pacts []*check.Pact
	for _, v := range vendors {
		list := j.interactions[v.Name]
		if len(list) == 0 {
			continue
		}
		data, err := json.Marshal(map[string]any{"consumer": map[string]any{"name": "journal"}, "provider": map[string]any{"name": v.Name},
			"interactions": list, "metadata": map[string]any{"pactSpecification": map[string]any{"version": "3.0.0"}}})
		if err != nil {
			return nil, err
		}
		pacts = append(pacts, check.Read(v.Name, data))
	}
	return pacts, nil
}

// journalReader makes interactions of entries, one of those that would touch the same.
type journalReader struct {
	vendors      []*specs.Vendor
	seen         map[string]bool
	interactions map[string][]any // by vendor
}

// read reads {"requests": [...], "missed": n} entry by entry.
func (j *journalReader) read(r io.Reader) (missed uint64, err error) {
	dec := json.NewDecoder(r)
	for {
		token, err := dec.Token()
		if err != nil {
			return 0, errors.Join(errNotCountersign, err)
		}
		switch token {
		case "requests":
			if _, err = dec.Token(); err == nil {
				err = j.readEntries(dec)
			}
			if err != nil {
				return 0, err
			}
		case "missed": // comes last
			err := dec.Decode(&missed)
			return missed, err
		}
	}
}

func (j *journalReader) readEntries(dec *json.Decoder) error {
	for dec.More() {
		var e mockserver.EntryView
		if err := dec.Decode(&e); err != nil {
			return err
		}
		j.add(&e)
	}
	return nil
}

func (j *journalReader) add(e *mockserver.EntryView) {
	i := slices.IndexFunc(j.vendors, func(v *specs.Vendor) bool { return v.Name == e.Vendor })
	if i < 0 {
		return // it called nobody
	}
	if key := touches(j.vendors[i], e); !j.seen[key] {
		j.seen[key] = true
		j.interactions[e.Vendor] = append(j.interactions[e.Vendor], interactionOf(e))
	}
}

// touches is the same for two entries that touch the same parts of the documents: it has all that an operation declares
// and none of what signatures change with every request.
func touches(v *specs.Vendor, e *mockserver.EntryView) string {
	common := func(name string) bool {
		return slices.ContainsFunc(v.CommonParameters, func(p specs.CommonParameter) bool { return strings.EqualFold(p.Name, name) })
	}
	parts := []string{e.Operation, e.Request.Method, fmt.Sprint(e.Reply.Status), errorCode(e)}
	path, query, _ := strings.Cut(e.Request.URI, "?")
	parts = append(parts, path)
	pairs, _ := mockserver.ParsePairs(query)
	if formBody(e) {
		form, _ := mockserver.ParsePairs(e.Request.Body)
		pairs = append(pairs, form...)
	} else {
		parts = append(parts, e.Request.Body)
	}
	for _, p := range pairs {
		if !common(p.Name) {
			parts = append(parts, p.Name+"="+p.Value)
		}
	}
	if op := v.Operation(e.Operation); op != nil {
		for _, p := range op.Parameters {
			if p.In == "header" {
				parts = append(parts, e.Request.Header.Get(p.Name))
			}
		}
		if op.Pagination != nil {
			parts = append(parts, e.Reply.Body)
		}
	}
	return strings.Join(parts, "\x00")
}

func formBody(e *mockserver.EntryView) bool {
	return strings.HasPrefix(strings.ToLower(e.Request.Header.Get("Content-Type")), "application/x-www-form-urlencoded")
}

// interactionOf is an entry as an interaction of a pact. Its description names the error that was answered, so that
// nobody has to guess it from status and code.
func interactionOf(e *mockserver.EntryView) any {
	description := fmt.Sprintf("#%d", e.ID)
	if e.Error != nil {
		description += " " + e.Error.Name
	}
	path, query, _ := strings.Cut(e.Request.URI, "?")
	sent := map[string][]string{}
	pairs, _ := mockserver.ParsePairs(query)
	for _, p := range pairs {
		sent[p.Name] = append(sent[p.Name], p.Value)
	}
	request := map[string]any{"method": e.Request.Method, "path": path, "query": sent, "headers": e.Request.Header}
	response := map[string]any{"status": e.Reply.Status, "headers": e.Reply.Header}
	for text, part := range map[*string]map[string]any{&e.Request.Body: request, &e.Reply.Body: response} {
		if *text != "" {
			part["body"] = pactBody(*text)
		}
	}
	return map[string]any{"description": description, "request": request, "response": response}
}

// pactBody is JSON as it is, and anything else as text.
func pactBody(text string) any {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return text
}
