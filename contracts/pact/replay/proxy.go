package replay

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
)

// StatesPath is where Proxy takes the verifier's provider states.
const StatesPath = "/__countersign-verify/states"

// Proxy is the handler that a verifier talks to in place of the provider at target: it takes provider states, and passes
// everything else on, signed again. transport sends; nil is the default one.
func (s *Session) Proxy(target *url.URL, transport http.RoundTripper) http.Handler {
	forward := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			p.Out.Host = p.In.Host
			p.Out.URL.RawQuery = p.In.URL.RawQuery // as signed: the proxy would drop what it cannot parse
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "countersign: the provider does not answer: "+err.Error(), http.StatusBadGateway)
		},
	}
	mux := http.NewServeMux()
	mux.HandleFunc(StatesPath, s.states)
	mux.Handle("/", s.Filter(forward))
	return mux
}

// stateChange is what a verifier sends: the parameters stand beside the name, or under params.
type stateChange struct {
	Action string         `json:"action"`
	State  string         `json:"state"`
	Params map[string]any `json:"params"`
}

func readStateChange(r *http.Request) (*stateChange, error) {
	var raw map[string]any
	if err := json.NewDecoder(r.Body).Decode(&raw); err != nil {
		return nil, err
	}
	c := &stateChange{Params: map[string]any{}}
	c.Action, _ = raw["action"].(string)
	c.State, _ = raw["state"].(string)
	if nested, ok := raw["params"].(map[string]any); ok {
		c.Params = nested
		return c, nil
	}
	for name, value := range raw {
		if name != "action" && name != "state" {
			c.Params[name] = value
		}
	}
	return c, nil
}

func (s *Session) states(w http.ResponseWriter, r *http.Request) {
	change, err := readStateChange(r)
	if err != nil {
		http.Error(w, fmt.Sprintf("a provider state that cannot be read: %v", err), http.StatusBadRequest)
		return
	}
	if change.Action == "teardown" {
		s.Teardown()
		w.WriteHeader(http.StatusOK)
		return
	}
	values, err := s.Setup(r.Context(), change.State, change.Params)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if values == nil {
		values = map[string]any{}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(values)
}
