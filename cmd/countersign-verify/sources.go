package main

import (
	"encoding/json"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/countersign/countersign/contracts/pact/verifier"
)

// brokerFlags say where pacts come from besides files.
type brokerFlags struct {
	url, token, username, password string
	provider                       string
	selectors                      []string
	pending                        bool
	wipSince                       string
}

// sources are what there is to verify: each argument, then the broker.
func (c *command) sources(args []string) ([]verifier.Options, error) {
	if err := c.checkBroker(); err != nil {
		return nil, err
	}
	var todo []verifier.Options
	for _, arg := range args {
		more, err := c.source(arg)
		if err != nil {
			return nil, err
		}
		todo = append(todo, more...)
	}
	if c.broker.url != "" {
		o := c.authenticated()
		o.Provider = c.broker.provider
		o.Broker = &verifier.Broker{URL: c.broker.url, Selectors: c.broker.selectors, Pending: c.broker.pending,
			WIPSince: c.broker.wipSince, Branch: c.publish.Branch}
		todo = append(todo, o)
	}
	if len(todo) == 0 {
		return nil, usagef("nothing to verify: name files, folders or addresses of pacts, or a broker with --broker-url")
	}
	return todo, nil
}

func (c *command) checkBroker() error {
	switch {
	case c.doPublish && c.publish.Version == "":
		return usagef("--publish wants --provider-version")
	case c.doPublish && c.broker.url == "":
		return usagef("--publish wants --broker-url")
	case len(c.broker.selectors) > 0 && c.broker.url == "":
		return usagef("--selector wants --broker-url")
	}
	for _, s := range c.broker.selectors {
		var object map[string]any
		if err := json.Unmarshal([]byte(s), &object); err != nil {
			return usagef("--selector %s: want a JSON object, such as {\"mainBranch\":true}", s)
		}
	}
	return nil
}

// authenticated are the options of what comes over the network.
func (c *command) authenticated() verifier.Options {
	o := verifier.Options{Username: c.broker.username, Password: c.broker.password, Token: c.broker.token}
	if c.doPublish {
		o.Publish = &c.publish
	}
	return o
}

// source is one argument: an address, a folder or a file.
func (c *command) source(arg string) ([]verifier.Options, error) {
	if u, err := url.Parse(arg); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		o := c.authenticated()
		o.URL = arg
		return []verifier.Options{o}, nil
	}
	info, err := os.Stat(arg)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []verifier.Options{{File: arg}}, nil
	}
	var todo []verifier.Options
	err = filepath.WalkDir(arg, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.EqualFold(filepath.Ext(name), ".json") {
			todo = append(todo, verifier.Options{File: name})
		}
		return err
	})
	if err == nil && len(todo) == 0 {
		return nil, &fs.PathError{Op: "verify", Path: arg, Err: errNoPacts}
	}
	return todo, err
}
