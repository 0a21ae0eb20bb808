package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// peers are other mock servers, from npm packages. They get the document of DataArts' approvers, in which the reply of
// the server has become the example, but for WireMock, which reads no such documents and gets the reply as a stub.
var peers = []peer{
	{"prism", "Stoplight Prism: validates the request, answers the example", func(port, document, _ string) []string {
		return []string{"node", modules + "/@stoplight/prism-cli/dist/index.js", "mock", "--host", "127.0.0.1", "--port", port, document}
	}},
	{"mockoon", "Mockoon: answers the example", func(port, document, _ string) []string {
		return []string{"node", modules + "/@mockoon/cli/bin/run.js", "start", "--disable-log-to-file", "--hostname", "127.0.0.1", "--port", port, "--data", document}
	}},
	{"wiremock", "WireMock: answers a stub, journals", func(port, _, stubs string) []string {
		return []string{"java", "-jar", modules + "/wiremock/build/wiremock-standalone-3.13.2.jar", "--bind-address", "127.0.0.1", "--port", port,
			"--disable-banner", "--root-dir", stubs}
	}},
}

type peer struct {
	name, what string
	command    func(port, document, stubs string) []string
}

// modules is where the npm packages of scripts/loadtest/peers are installed; the document is made by one of them.
const (
	peersDir = ".cache/peers"
	modules  = peersDir + "/node_modules"
	document = "specs/dataarts/approvers.yaml"
)

// peerWarmUp is how long a peer is loaded before it counts, in seconds: the JVM compiles what is used often.
const peerWarmUp = 10

func peerRows() []row {
	var all []row
	for _, p := range peers {
		for _, size := range []struct {
			name string
			work work
		}{{"1", list1()}, {"50", list50()}} {
			id := p.name + "-" + size.name
			all = append(all, row{id: id, work: p.what + "; records on the page: " + size.name, target: "–", peer: true,
				measure: func(ctx context.Context, b *bench) (*figure, error) { return b.measurePeer(ctx, id, p, size.work) }})
		}
	}
	return all
}

// measurePeer loads a peer and a bare gin handler in turn, with the requests that the server gets.
func (b *bench) measurePeer(ctx context.Context, id string, p peer, w work) (*figure, error) {
	if err := b.installPeers(ctx); err != nil {
		return nil, err
	}
	ours, answer, err := b.side(ctx, id, w, 0)
	if err != nil {
		return nil, err
	}
	theirs, err := b.startPeer(ctx, p, ours.requests.first, answer)
	if err != nil {
		return nil, err
	}
	defer theirs.stop()
	if answer, err = ours.requests.first.ask(ctx, theirs.addr); err != nil {
		return nil, err
	}
	if answer.status != w.status {
		return nil, fmt.Errorf("%s answers %d: %s", p.name, answer.status, last(answer.body, 300))
	}
	gin, err := b.yardstick(ctx, ours.requests.first, answer)
	if err != nil {
		return nil, err
	}
	defer gin.stop()
	if _, err := b.load(ctx, theirs, ours.requests, w.status, peerWarmUp); err != nil {
		return nil, err
	}
	d, err := b.fight(ctx, id, &side{process: gin, requests: ours.requests, status: w.status},
		&side{process: theirs, requests: ours.requests, status: w.status}, b.seconds)
	if err != nil {
		return nil, err
	}
	b.others = append(b.others, d)
	f := d.figure(0)
	f.note = fmt.Sprintf("p99 %.1f × bare gin's; reply of %d bytes", d.p99(), len(answer.body))
	return f, nil
}

// installPeers installs the packages, unless that was done before with the same pins.
func (b *bench) installPeers(ctx context.Context) error {
	const pins = "scripts/loadtest/peers"
	want, err := os.ReadFile(pins + "/package-lock.json")
	if err != nil {
		return err
	}
	stamp := peersDir + "/installed"
	if have, err := os.ReadFile(stamp); err == nil && bytes.Equal(have, want) {
		return nil
	}
	b.say("installing the peers into %s (minutes)", peersDir)
	if err := os.MkdirAll(peersDir, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"package.json", "package-lock.json", ".npmrc"} {
		text, err := os.ReadFile(filepath.Join(pins, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(peersDir, name), text, 0o644) //nolint:gosec // public files
		}
		if err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--loglevel=error")
	cmd.Dir = peersDir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w: %s", err, last(out, 500))
	}
	return os.WriteFile(stamp, want, 0o644) //nolint:gosec // a public file
}

// startPeer starts a peer that answers a request as the server has.
func (b *bench) startPeer(ctx context.Context, p peer, r *recorded, answer *reply) (*process, error) {
	doc, err := b.exampleDocument(ctx, answer)
	if err != nil {
		return nil, err
	}
	stubs, err := b.stubs(r, answer)
	if err != nil {
		return nil, err
	}
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(addr)
	args := p.command(port, doc, stubs)
	out := &process{addr: addr, cmd: exec.CommandContext(ctx, args[0], args[1:]...)}
	if err := out.start(); err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	if err := out.await(ctx, r); err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	return out, nil
}

// await returns once the process answers a request.
func (p *process) await(ctx context.Context, r *recorded) error {
	limited, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		if _, err := r.ask(ctx, p.addr); err == nil {
			return nil
		}
		select {
		case <-p.gone:
			return errors.New("it ended")
		case <-limited.Done():
			p.stop()
			return limited.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// exampleDocument is the document in one file, with a reply as the example of the list.
func (b *bench) exampleDocument(ctx context.Context, answer *reply) (string, error) {
	file := b.path("document.json")
	cmd := exec.CommandContext(ctx, "node", modules+"/@redocly/cli/bin/cli.js", "bundle", "--dereferenced", "--ext", "json", "-o", file, document)
	cmd.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("redocly bundle: %w: %s", err, last(out, 500))
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	if text, err = withExample(text, answer.body); err != nil {
		return "", err
	}
	return file, os.WriteFile(file, text, 0o600)
}

// withExample puts a reply into a document, in place of the examples of the only list.
func withExample(document, example []byte) ([]byte, error) {
	var doc map[string]any
	if err := json.Unmarshal(document, &doc); err != nil {
		return nil, err
	}
	found := 0
	for _, item := range object(doc["paths"]) {
		media := object(item)
		for _, name := range []string{"get", "responses", "200", "content", "application/json"} {
			media = object(media[name])
		}
		if media == nil {
			continue
		}
		delete(media, "examples")
		media["example"] = json.RawMessage(example)
		if schema := object(media["schema"]); schema != nil { // where Mockoon looks
			schema["example"] = json.RawMessage(example)
		}
		found++
	}
	if found != 1 {
		return nil, fmt.Errorf("the document has %d lists", found)
	}
	return json.Marshal(doc)
}

func object(v any) map[string]any {
	o, _ := v.(map[string]any)
	return o
}

// stubs is a folder as WireMock wants it, with one stub.
func (b *bench) stubs(r *recorded, answer *reply) (string, error) {
	dir := b.path("wiremock")
	stub := map[string]any{
		"request": map[string]any{"method": r.method, "urlPath": r.path},
		"response": map[string]any{"status": answer.status, "body": string(answer.body),
			"headers": map[string]string{"Content-Type": answer.contentType}},
	}
	text, err := json.Marshal(stub)
	if err == nil {
		err = os.MkdirAll(dir+"/mappings", 0o755)
	}
	if err != nil {
		return "", err
	}
	return dir, os.WriteFile(dir+"/mappings/list.json", text, 0o600)
}
