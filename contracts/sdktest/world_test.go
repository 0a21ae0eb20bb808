package sdktest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// world is a world of the test's own with what the SDKs need to work in it.
type world struct {
	*mockserver.World
	quickbi  quickbiEnv
	wps      wpsEnv
	dataarts dataartsEnv
}

// quickbiEnv, wpsEnv and dataartsEnv are the sections of `countersign env`, as far as the tests read them. The field via
// is what carries the SDK's requests, an ordinary transport if it is nil.
type quickbiEnv struct {
	URL               string   `json:"url"`
	AccessKeyID       string   `json:"access_key_id"`
	AccessKeySecret   string   `json:"access_key_secret"`
	OpenApplications  []string `json:"open_application_ids"`
	ClosedApplication string   `json:"closed_application_id"`
	Users             []string `json:"user_ids"`
	LlmCubes          []string `json:"llm_cube_ids"`
	Themes            []string `json:"theme_ids"`
	Cubes             []string `json:"cube_ids"`
	SecurityToken     string   `json:"-"`
	via               http.RoundTripper
}

type wpsEnv struct {
	URL         string `json:"url"`
	AppID       string `json:"app_id"`
	AppKey      string `json:"app_key"`
	AccessToken string `json:"access_token"`
	via         http.RoundTripper
}

type dataartsEnv struct {
	URL           string   `json:"url"`
	AK            string   `json:"ak"`
	SK            string   `json:"sk"`
	Project       string   `json:"project_id"`
	Workspace     string   `json:"workspace"`
	Region        string   `json:"region"`
	Token         string   `json:"token"`
	User          string   `json:"user_name"`
	Password      string   `json:"password"`
	Domain        string   `json:"domain"`
	Members       []string `json:"member_user_ids"`
	SecurityToken string   `json:"-"`
	via           http.RoundTripper
}

// newWorld makes a world that is thrown away with the test.
func newWorld(t *testing.T, setting mockserver.WorldSetting) *world {
	t.Helper()
	w, err := server.CreateWorld(t.Context(), setting)
	if err != nil {
		t.Fatal(err)
	}
	return opened(t, w)
}

// opened is a world that has just been made, with what SDKs need, until the test ends.
func opened(t *testing.T, w *mockserver.World) *world {
	t.Helper()
	t.Cleanup(func() {
		if err := server.DeleteWorld(w.Name()); err != nil {
			t.Error(err)
		}
	})
	env, err := w.Env(t.Context(), serverURL)
	if err != nil {
		t.Fatal(err)
	}
	var sections struct {
		Quickbi  quickbiEnv
		Wps      wpsEnv
		Dataarts dataartsEnv
	}
	convert(t, env, &sections)
	return &world{World: w, quickbi: sections.Quickbi, wps: sections.Wps, dataarts: sections.Dataarts}
}

// convert reads one value as another by way of JSON.
func convert(t *testing.T, from, into any) {
	t.Helper()
	unmarshal(t, string(marshal(t, from)), into)
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func unmarshal(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%T from %s: %v", into, text, err)
	}
}

// state runs a provider state and returns what it made.
func (w *world) state(t *testing.T, name string, params mockserver.Params) map[string]string {
	t.Helper()
	values, err := w.Apply(t.Context(), name, params)
	if err != nil {
		t.Fatalf("state %q: %v", name, err)
	}
	texts := map[string]string{}
	for k, v := range values {
		texts[k] = fmt.Sprint(v)
	}
	return texts
}

// records are the JSON forms of a collection's records.
func (w *world) records(t *testing.T, vendor, collection string) []map[string]any {
	t.Helper()
	var all []map[string]any
	err := w.Records(t.Context(), vendor, collection, func(rec any) {
		var fields map[string]any
		convert(t, rec, &fields)
		all = append(all, fields)
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// host is the host and port of a URL.
func host(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// carrier is the transport that an SDK is to use; its connections end with the test.
func carrier(t *testing.T, via http.RoundTripper) http.RoundTripper {
	t.Helper()
	if via != nil {
		return via
	}
	own := &http.Transport{}
	t.Cleanup(own.CloseIdleConnections)
	return own
}

// send sends a request and returns status and body.
func send(t *testing.T, via http.RoundTripper, r *http.Request) (int, string) {
	t.Helper()
	reply, err := carrier(t, via).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply.StatusCode, string(body)
}
