package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// greet prints where the server listens and what to try.
func (a *app) greet(p *plan) {
	w := &strings.Builder{}
	fmt.Fprintf(w, "countersign is ready\n\n  %s\n", p.url)
	if p.tlsURL != "" {
		fmt.Fprintf(w, "  %s", p.tlsURL)
		if p.ca != nil {
			fmt.Fprintf(w, "   trust %s", p.ca.file)
		}
		fmt.Fprintln(w)
	}
	admin := p.url
	if p.adminURL != "" {
		admin = p.adminURL
		fmt.Fprintf(w, "  %s   /__admin alone\n", admin)
	}
	ask := "countersign env --url " + admin
	if p.madeToken {
		fmt.Fprintf(w, "\nOther machines can reach it, so /__admin asks for a token, made for this run:\n  %s\n", p.options.AdminToken)
		ask += " --admin-token " + p.options.AdminToken
	}
	for _, note := range p.notes {
		fmt.Fprintf(w, "\nNote: %s\n", note)
	}
	fmt.Fprintf(w, "\nWhat SDKs read, in another terminal:\n  eval \"$(%s)\"\n\nWhere they are pointed:\n", ask)
	a.greetSDKs(w, p)
	fmt.Fprintf(w, "\nWhy a request was refused: %s/__admin/requests    What can be refused: countersign errors\nStop: Ctrl-C\n", admin)
	fmt.Fprint(a.out, w.String())
}

func (a *app) greetSDKs(w *strings.Builder, p *plan) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	scheme, host, _ := strings.Cut(p.url, "://")
	for _, v := range a.vendors {
		fmt.Fprintf(table, "  %s\t%s\n", v.name, v.howTo(scheme, host))
	}
	_ = table.Flush() // a builder never fails
}
