package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/countersign/countersign/mockserver"
)

// InProcess is a stand-in in this process; its default world is verified.
type InProcess struct {
	Server *mockserver.Server
	URL    string
}

// Reset resets the default world.
func (p InProcess) Reset(ctx context.Context) error {
	return p.Server.ResetWorld(ctx, mockserver.DefaultWorld)
}

// Apply applies a provider state to the default world.
func (p InProcess) Apply(ctx context.Context, state string, params map[string]any) (map[string]any, error) {
	w, err := p.Server.World(mockserver.DefaultWorld)
	if err != nil {
		return nil, err
	}
	return w.Apply(ctx, state, params)
}

// Env returns the credentials of the default world.
func (p InProcess) Env(ctx context.Context) (map[string]any, error) {
	w, err := p.Server.World(mockserver.DefaultWorld)
	if err != nil {
		return nil, err
	}
	env, err := w.Env(ctx, p.URL)
	if err != nil {
		return nil, err
	}
	return plain(env)
}

// AccessKeys returns the access keys of the default world.
func (p InProcess) AccessKeys(ctx context.Context) (keys []map[string]any, err error) {
	w, err := p.Server.World(mockserver.DefaultWorld)
	if err != nil {
		return nil, err
	}
	var problems []error
	err = w.Records(ctx, "quickbi", "access_keys", func(rec any) {
		key, err := plain(rec)
		keys, problems = append(keys, key), append(problems, err)
	})
	return keys, errors.Join(append(problems, err)...)
}

// plain is a value as its JSON reads.
func plain(v any) (map[string]any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	err = json.Unmarshal(text, &out)
	return out, err
}

// Admin is a stand-in that runs elsewhere, worked through its admin API.
type Admin struct {
	// URL is the stand-in's address, without a path.
	URL string
	// Token is the admin API's, if it wants one.
	Token string
	// World is the world that is verified. Empty: the default one.
	World string
	// HTTP sends. nil: http.DefaultClient.
	HTTP *http.Client
}

// Reset resets the world.
func (a Admin) Reset(ctx context.Context) error {
	_, err := a.call(ctx, http.MethodPost, "reset", nil)
	return err
}

// Apply applies a provider state to the world.
func (a Admin) Apply(ctx context.Context, state string, params map[string]any) (map[string]any, error) {
	if params == nil {
		params = map[string]any{}
	}
	return a.call(ctx, http.MethodPost, "states", map[string]any{"name": state, "params": params})
}

// Env returns the credentials of the world.
func (a Admin) Env(ctx context.Context) (map[string]any, error) {
	return a.call(ctx, http.MethodGet, "env", nil)
}

// AccessKeys returns the access keys of the world.
func (a Admin) AccessKeys(ctx context.Context) ([]map[string]any, error) {
	out, err := a.call(ctx, http.MethodGet, "quickbi.access_keys?limit=1000", nil)
	if err != nil {
		return nil, err
	}
	list, _ := out["records"].([]any)
	var keys []map[string]any
	for _, rec := range list {
		if key, ok := rec.(map[string]any); ok {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

func (a Admin) call(ctx context.Context, method, what string, body any) (map[string]any, error) {
	world := a.World
	if world == "" {
		world = mockserver.DefaultWorld
	}
	target := strings.TrimRight(a.URL, "/") + "/__admin/worlds/" + url.PathEscape(world) + "/" + what
	header := http.Header{}
	if a.Token != "" {
		header.Set("Authorization", "Bearer "+a.Token)
	}
	out, err := exchange(ctx, a.HTTP, method, target, header, body)
	if err != nil {
		return nil, fmt.Errorf("the admin API of the stand-in: %w", err)
	}
	return out, nil
}

// Forward is any provider that takes Pact's provider states at an address of its own. It is not reset: teardown is the
// provider's matter.
type Forward struct {
	// URL takes {"action": "setup", "state": ..., "params": {...}}. Empty: there is nothing that takes states, and a
	// contract that names one fails.
	URL  string
	HTTP *http.Client
}

// Reset does nothing.
func (Forward) Reset(context.Context) error { return nil }

// Env knows no credentials.
func (Forward) Env(context.Context) (map[string]any, error) { return nil, nil } //nolint:nilnil // none is an answer

// AccessKeys knows none.
func (Forward) AccessKeys(context.Context) ([]map[string]any, error) { return nil, nil }

// Apply passes a state on.
func (f Forward) Apply(ctx context.Context, state string, params map[string]any) (map[string]any, error) {
	if f.URL == "" {
		return nil, errors.New("nothing takes provider states: give their address")
	}
	return exchange(ctx, f.HTTP, http.MethodPost, f.URL, http.Header{}, map[string]any{"action": "setup", "state": state, "params": params})
}

// exchange sends JSON and reads a JSON object, or nothing. Any status but 2xx is an error with the reply's text.
func exchange(ctx context.Context, hc *http.Client, method, target string, header http.Header, body any) (map[string]any, error) {
	if hc == nil {
		hc = http.DefaultClient
	}
	var payload io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		payload = bytes.NewReader(text)
		header.Set("Content-Type", "application/json")
	}
	req, err := http.NewRequestWithContext(ctx, method, target, payload)
	if err != nil {
		return nil, err
	}
	req.Header = header
	resp, err := hc.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	const most = 4 << 20
	text, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s: %s", resp.Status, bytes.TrimSpace(text))
	}
	var out map[string]any
	if len(bytes.TrimSpace(text)) > 0 && json.Unmarshal(text, &out) != nil {
		return nil, errors.New("the answer is no JSON object")
	}
	return out, nil
}
