package mockserver_test

import (
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// TestFaultRefusals wants every rule that cannot be meant refused when it is written, with what there is instead.
func TestFaultRefusals(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	faults := srv.URL + "/__admin/worlds/default/faults"
	for _, tt := range []struct{ name, body, says string }{
		{"Empty", ``, "want a rule such as"},
		{"NoRules", `[]`, "want a rule such as"},
		{"UnknownField", `{"vendr":"acme"}`, `a fault rule has no "vendr"; it has id, vendor, operation`},
		{"UnknownVendor", `{"vendor":"bolt","effect":{"reset":true}}`, `no vendor is named "bolt"; there are acme`},
		{"UnknownOperation", `{"vendor":"acme","operation":"GetNot","effect":{"reset":true}}`, `acme has no operation "GetNot"; it has PutNote, GetNote`},
		{"UnknownError", `{"vendor":"acme","operation":"GetNote","effect":{"error":"NoNot"}}`, `GetNote has no error "NoNot" in its catalogue; it has NoKey`},
		{"UnknownErrorOfVendor", `{"vendor":"acme","effect":{"error":"x"}}`, `acme has no error "x"`},
		{"UnknownEffect", `{"vendor":"acme","effect":{"delay":"1s"}}`, `effect has no "delay"; it has error,`},
		{"NoEffect", `{"vendor":"acme","effect":{}}`, "effect: is missing; there are error, throttle, latency, reset, cut, drip, malformed, content_type"},
		{"UnknownFieldDeeper", `{"vendor":"acme","effect":{"drip":{"byte":1}}}`, `unknown field "byte"`},
		{"BadID", `{"id":"a b","vendor":"acme","effect":{"reset":true}}`, `id "a b"`},
		{"Negative", `{"vendor":"acme","nth":-1,"effect":{"reset":true}}`, "count from 1"},
		{"NthAndTimes", `{"vendor":"acme","nth":1,"times":2,"effect":{"reset":true}}`, "leave from and times out"},
		{"Probability", `{"vendor":"acme","probability":1.5,"effect":{"reset":true}}`, "above 0 and up to 1"},
		{"ProbabilityZero", `{"vendor":"acme","probability":0,"effect":{"reset":true}}`, "above 0 and up to 1"},
		{"TTL", `{"vendor":"acme","ttl":"-1s","effect":{"reset":true}}`, "ttl -1s"},
		{"TTLText", `{"vendor":"acme","ttl":"soon","effect":{"reset":true}}`, `invalid duration`},
		{"Moment", `{"vendor":"acme","moment":"during","effect":{"reset":true}}`, `moment "during"`},
		{"MomentBeforeReply", `{"vendor":"acme","moment":"before","effect":{"cut":{}}}`, "no reply to spoil"},
		{"Parameter", `{"vendor":"acme","parameters":[{"name":"a"}],"effect":{"reset":true}}`, `parameters[0] ("a"): want one of`},
		{"ErrorAndThrottle", `{"vendor":"acme","effect":{"error":"Slow","throttle":{}}}`, "want one"},
		{"ParameterAlone", `{"vendor":"acme","effect":{"reset":true,"parameter":"a"}}`, "goes with error"},
		{"ResetAndError", `{"vendor":"acme","effect":{"reset":true,"error":"Slow"}}`, "nothing is answered"},
		{"ResetAndDrip", `{"vendor":"acme","effect":{"reset":true,"drip":{"bytes":1,"every":"1s"}}}`, "nothing is answered"},
		{"CutAndMalformed", `{"vendor":"acme","effect":{"cut":{},"malformed":"garbage"}}`, "both spoil"},
		{"Malformed", `{"vendor":"acme","effect":{"malformed":"a bit"}}`, `want "truncated" or "garbage"`},
		{"CutNegative", `{"vendor":"acme","effect":{"cut":{"after":-1}}}`, "from 0 on"},
		{"DripNothing", `{"vendor":"acme","effect":{"drip":{"bytes":0,"every":"1s"}}}`, "bytes from 1 on"},
		{"DripAtOnce", `{"vendor":"acme","effect":{"drip":{"bytes":1}}}`, "every a duration above 0"},
		{"ContentType", `{"vendor":"acme","effect":{"content_type":"a\r\nb"}}`, "text of a header"},
		{"RetryAfter", `{"vendor":"acme","effect":{"throttle":{"retry_after":"1.5s"}}}`, "whole seconds"},
		{"LatencyNone", `{"vendor":"acme","effect":{"latency":{}}}`, "want fixed, or min and max"},
		{"LatencyTwo", `{"vendor":"acme","effect":{"latency":{"fixed":"1s","median":"1s","sigma":1}}}`, "want fixed, or min and max"},
		{"LatencyTurned", `{"vendor":"acme","effect":{"latency":{"min":"2s","max":"1s"}}}`, "no less than min"},
		{"LatencySigma", `{"vendor":"acme","effect":{"latency":{"median":"1s","sigma":9}}}`, "up to 5"},
		{"LatencyLong", `{"vendor":"acme","effect":{"latency":{"fixed":"2h"}}}`, "the longest is 1h"},
		{"Second", `[{"vendor":"acme","effect":{"reset":true}},{"id":"b","vendor":"bolt","effect":{"reset":true}}]`, `[1]: "b": no vendor`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := send(t, "POST", faults, tt.body, nil)
			said, _ := got.body["countersign"].(string)
			if got.status != 400 || !strings.Contains(said, tt.says) {
				t.Errorf("got %d %s, want 400 and %q", got.status, got.raw, tt.says)
			}
		})
	}
	w, err := srv.World(mockserver.DefaultWorld)
	if err != nil {
		t.Fatal(err)
	}
	nan := mockserver.FaultRule{Vendor: "acme", Probability: number(math.NaN()), Effect: mockserver.FaultEffect{Reset: true}}
	if _, err := w.AddFaults(nan); err == nil {
		t.Error("a probability that is no number is taken")
	}
	if len(w.Faults()) != 0 {
		t.Errorf("refused rules are there: %+v", w.Faults())
	}
}

func TestFaultAdmin(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	faults := srv.URL + "/__admin/worlds/default/faults"
	ids := func(a answer) string {
		var ids []string
		list, _ := a.body["faults"].([]any)
		for _, f := range list {
			ids = append(ids, f.(map[string]any)["rule"].(map[string]any)["id"].(string))
		}
		return strings.Join(ids, " ")
	}
	rule := func(id, effect string) string { return `{"id":"` + id + `","vendor":"acme","effect":` + effect + `}` }
	for _, step := range []struct {
		method, path, body string
		status             int
		ids                string // afterwards
	}{
		{"GET", "", "", 200, ""},
		{"POST", "", rule("", `{"error":"Slow"}`), 201, "fault-1"},
		{"POST", "", "[" + rule("b", `{"reset":true}`) + "," + rule("", `{"throttle":{}}`) + "]", 201, "fault-1 b fault-2"},
		{"POST", "", rule("b", `{"reset":true}`), 409, "fault-1 b fault-2"},
		{"POST", "", "[" + rule("x", `{"reset":true}`) + "," + rule("x", `{"reset":true}`) + "]", 409, "fault-1 b fault-2"},
		{"GET", "/b", "", 200, "fault-1 b fault-2"},
		{"GET", "/c", "", 404, "fault-1 b fault-2"},
		{"PUT", "/b", rule("b", `{"error":"Broken"}`), 200, "fault-1 b fault-2"},
		{"PUT", "/c", `{"vendor":"acme","effect":{"reset":true}}`, 201, "fault-1 b fault-2 c"},
		{"PUT", "/c", rule("d", `{"reset":true}`), 400, "fault-1 b fault-2 c"},
		{"PUT", "/c", rule("c", `{}`), 400, "fault-1 b fault-2 c"},
		{"DELETE", "/fault-1", "", 204, "b fault-2 c"},
		{"DELETE", "/fault-1", "", 404, "b fault-2 c"},
		{"POST", "", rule("", `{"reset":true}`), 201, "b fault-2 c fault-3"},
	} {
		if got := send(t, step.method, faults+step.path, step.body, nil); got.status != step.status {
			t.Errorf("%s %s %s: got %d %s, want %d", step.method, step.path, step.body, got.status, got.raw, step.status)
		}
		if got := ids(send(t, "GET", faults, "", nil)); got != step.ids {
			t.Errorf("after %s %s %s the rules are %s, want %s", step.method, step.path, step.body, got, step.ids)
		}
	}
	b := send(t, "GET", faults+"/b", "", nil)
	if effect := b.body["rule"].(map[string]any)["effect"].(map[string]any); effect["error"] != "Broken" || len(effect) != 1 {
		t.Errorf("got %s, want what was put there", b.raw)
	}
	if ops := b.body["operations"].([]any); len(ops) != 2 || b.body["matched"] != 0.0 || b.body["acted"] != 0.0 {
		t.Errorf("got %s", b.raw)
	}
	if got := send(t, "DELETE", faults, "", nil); got.body["deleted"] != 4.0 {
		t.Errorf("got %s, want 4 deleted", got.raw)
	}
	if got := send(t, "GET", srv.URL+"/__admin/worlds/none/faults", "", nil); got.status != 404 {
		t.Errorf("faults of no world: %d", got.status)
	}
}

// TestFaultsOfSetting wants the rules of a world's setting there from the start, and alone and unused after a reset.
func TestFaultsOfSetting(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	body := `{"name":"mine","keep_credentials":false,"faults":[{"id":"own","vendor":"acme","times":1,"effect":{"throttle":{}}}]}`
	made := send(t, "POST", srv.URL+"/__admin/worlds", body, nil)
	if made.status != 201 {
		t.Fatalf("got %d %s", made.status, made.raw)
	}
	mine := func() http.Header {
		return withKey(http.Header{}, made.body["env"].(map[string]any)["acme"].(map[string]any)["key"].(string))
	}
	w, err := srv.World("mine")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := w.AddFaults(mockserver.FaultRule{Vendor: "acme", Effect: mockserver.FaultEffect{Error: "Broken"}}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"Slow", "Broken"} {
			if got := send(t, "GET", srv.URL+getDemo, "", mine()); got.body["code"] != want {
				t.Errorf("got %s, want %s", got.raw, want)
			}
		}
		if got := send(t, "POST", srv.URL+"/__admin/worlds/mine/reset", "", nil); got.status != 200 {
			t.Fatalf("reset: %s", got.raw)
		}
		if list := w.Faults(); len(list) != 1 || list[0].Rule.ID != "own" || list[0].Matched != 0 {
			t.Errorf("after a reset there are %+v", list)
		}
	}
	bad := `{"name":"bad","faults":[{"vendor":"bolt","effect":{"reset":true}}]}`
	if got := send(t, "POST", srv.URL+"/__admin/worlds", bad, nil); got.status != 400 || !strings.Contains(got.raw, "bolt") {
		t.Errorf("got %d %s, want the rule refused", got.status, got.raw)
	}
	if _, err := srv.World("bad"); err == nil {
		t.Error("the refused world is there")
	}
}

func TestTooManyFaults(t *testing.T) {
	t.Parallel()
	tr := trouble(t, mockserver.WorldSetting{})
	rules := make([]mockserver.FaultRule, 1000)
	for i := range rules {
		rules[i] = mockserver.FaultRule{Vendor: "acme", Nth: 1 << 30, Effect: mockserver.FaultEffect{Reset: true}}
	}
	if _, err := tr.world.AddFaults(rules...); err != nil {
		t.Fatal(err)
	}
	if _, _, err := tr.world.PutFault(mockserver.FaultRule{ID: "more", Vendor: "acme", Effect: mockserver.FaultEffect{Reset: true}}); err == nil {
		t.Error("one rule more than a thousand is taken")
	}
	if h := tr.get(t); h.status != 200 {
		t.Errorf("heard %+v", h)
	}
}

// TestThrottleIsChecked wants a plug refused that throttles with an error which it does not have.
func TestThrottleIsChecked(t *testing.T) {
	t.Parallel()
	wrong := func(env mockserver.Env) (*mockserver.Plug, error) {
		p, err := acme(env)
		if err == nil {
			p.Throttle = "TooSlow"
		}
		return p, err
	}
	if _, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{wrong}}); err == nil || !strings.Contains(err.Error(), `"TooSlow"`) {
		t.Errorf("got %v", err)
	}
}
