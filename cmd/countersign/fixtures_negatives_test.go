package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/fixtures"
	"github.com/countersign/countersign/fixtures/gen"
	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/specs"
)

// requestTime is when all requests of these tests are signed, by the server's clock too.
var requestTime = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

// otherAnswers are, by scheme, an assumption and the alternative with which the vendor answers bad requests with other errors.
var otherAnswers = map[string][2]string{
	"ACS3-HMAC-SHA256": {"QB-005", "gateway"},
	"HMAC-SHA1":        {"QB-031", "Invalid.Parameter.Error"},
	"KSO-1":            {"WPS-009", "param-format"},
	"SDK-HMAC-SHA256":  {"DA-001", "DS.6000"},
	"X-Auth-Token":     {"DA-001", "DS.6000"},
}

// scheme is a vendor and a way in which its requests are signed.
type scheme struct {
	signScheme
	vendor vendor
}

func eachScheme(t *testing.T, test func(t *testing.T, s scheme)) {
	t.Helper()
	for _, v := range vendors {
		for _, s := range v.schemes {
			t.Run(v.name+" "+s.name, func(t *testing.T) {
				t.Parallel()
				test(t, scheme{s, v})
			})
		}
	}
}

// bench is a running server and what makes requests for it.
type bench struct {
	*mockserver.Running
	vendor  *gen.Vendor
	options gen.RequestOptions
}

func newBench(t *testing.T, s scheme, world mockserver.WorldSetting) *bench {
	t.Helper()
	server := mockserver.Run(t, mockserver.Options{Vendors: (&app{vendors: vendors}).plugs(), World: world, Wall: func() time.Time { return requestTime }})
	raw, err := json.Marshal(server.Env(t, mockserver.DefaultWorld)[s.vendor.name])
	if err != nil {
		t.Fatal(err)
	}
	env, err := gen.NewEnvironment(raw)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{server, fixtures.Generator(s.vendor.name), s.options(gen.RequestOptions{Options: gen.Options{Seed: 11}, Base: server.URL, Env: env, At: requestTime})}
}

// answer is what came back.
type answer struct {
	status int
	body   []byte
}

func (b *bench) send(t *testing.T, r *gen.Request) answer {
	t.Helper()
	req, err := r.NewHTTP()
	if err != nil {
		t.Fatal(err)
	}
	return do(t, req)
}

func do(t *testing.T, req *http.Request) answer {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, body}
}

// reset puts the world back to where it began.
func (b *bench) reset(t *testing.T) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, b.URL+"/__admin/reset", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if got := do(t, req); got.status != http.StatusOK {
		t.Fatalf("reset: %d %s", got.status, got.body)
	}
}

// errorOf finds code and message in any of the vendors' envelopes. Quick BI says it in XML to whom it cannot tell.
func errorOf(body []byte) (code, message string) {
	if bytes.HasPrefix(body, []byte("<?xml")) {
		var e struct{ Code, Message string }
		err := xml.Unmarshal(body, &e)
		return e.Code, e.Message + problemText(err)
	}
	var all struct {
		Code      json.RawMessage
		Message   string
		Msg       string
		ErrorCode string `json:"error_code"`
		ErrorMsg  string `json:"error_msg"`
		Error     struct {
			Code    json.RawMessage
			Message string
		}
	}
	if err := json.Unmarshal(body, &all); err != nil {
		return "no JSON", err.Error()
	}
	for _, raw := range []json.RawMessage{all.Code, all.Error.Code} {
		code += strings.Trim(string(raw), `"`)
	}
	return code + all.ErrorCode, all.Message + all.Msg + all.ErrorMsg + all.Error.Message
}

func problemText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// unexpected says how an answer differs from what a request is labelled with, "" if it does not.
func unexpected(e *gen.Expectation, got answer) string {
	code, message := errorOf(got.body)
	if e.Begins && strings.HasPrefix(message, e.Message) && len(message) > len(e.Message) {
		message = e.Message
	}
	if got.status == e.Status && code == e.Code && message == e.Message {
		return ""
	}
	return fmt.Sprintf("%s: %s: got %d %s %q, want %s %d %s %q", e.Constraint, e.How, got.status, code, message, e.Error, e.Status, e.Code, e.Message)
}

// TestGeneratedRequestsSucceed sends 200 requests of every operation to the world that they were made for, each to a
// fresh one if it changes something.
func TestGeneratedRequestsSucceed(t *testing.T) {
	t.Parallel()
	count := uint64(200)
	if testing.Short() || raced {
		count = 20
	}
	eachScheme(t, func(t *testing.T, s scheme) {
		b := newBench(t, s, mockserver.WorldSetting{})
		for _, op := range b.vendor.Spec.Operations {
			requests, err := b.vendor.Requests(op.ID, b.options)
			if err != nil {
				t.Fatal(err)
			}
			for i := range count {
				r, err := requests.At(i)
				if err != nil {
					t.Fatal(err)
				}
				if got := b.send(t, r); failed(got) {
					t.Errorf("%s %d: %s %s %s: got %d %s", op.ID, i, r.Method, r.URL, r.Body, got.status, got.body)
				}
				if r.Method != http.MethodGet {
					b.reset(t)
				}
			}
		}
	})
}

// failed reports whether a request was refused, as a whole or in part.
func failed(got answer) bool {
	var reply struct{ Result any }
	if got.status >= 300 || json.Unmarshal(got.body, &reply) != nil {
		return true
	}
	list, ok := reply.Result.([]any)
	return ok && len(list) > 0 // each a grant that could not be made
}

// TestNegativeRequestsMeetTheirLabel sends every request that breaks a rule of the documents and wants exactly the
// refusal that the documents have for it.
func TestNegativeRequestsMeetTheirLabel(t *testing.T) {
	t.Parallel()
	seeds := uint64(3)
	if testing.Short() || raced {
		seeds = 1
	}
	eachScheme(t, func(t *testing.T, s scheme) {
		b := newBench(t, s, mockserver.WorldSetting{})
		for seed := range seeds {
			b.options.Seed = seed
			for _, op := range b.vendor.Spec.Operations {
				b.checkNegatives(t, op)
			}
		}
	})
}

func (b *bench) checkNegatives(t *testing.T, op *specs.Operation) {
	t.Helper()
	requests, left, err := b.vendor.Negatives(op.ID, b.options)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range requests {
		if problem := unexpected(r.Expect, b.send(t, r)); problem != "" {
			t.Errorf("%s: %s: %s %.300s %.300s", op.ID, problem, r.Method, r.URL, r.Body)
		}
	}
	checkLeft(t, op, requests, left)
	t.Logf("%s, seed %d: %d requests that break a rule, %d ways that cannot be sent", op.ID, b.options.Seed, len(requests), len(left))
}

// checkLeft wants a reason for all that is not sent, and every parameter among one or the other.
func checkLeft(t *testing.T, op *specs.Operation, requests []*gen.Request, left []gen.Unsendable) {
	t.Helper()
	for _, u := range left {
		if u.Reason == "" || u.Operation != op.ID {
			t.Errorf("%+v is left out without saying why", u)
		}
	}
	for _, in := range op.Parameters {
		place := in.In + "." + in.Name
		sent := slices.ContainsFunc(requests, func(r *gen.Request) bool { return r.Expect.Place == place })
		told := slices.ContainsFunc(left, func(u gen.Unsendable) bool { return strings.HasPrefix(u.Constraint, place+" ") })
		if !sent && !told {
			t.Errorf("%s: nothing is said of %s", op.ID, place)
		}
	}
}

// TestNegativesNoticeAnotherAnswer is the proof that the test above can fail: a world that chose another code for bad
// requests does not answer what they are labelled with, and neither does any world with wrong labels.
func TestNegativesNoticeAnotherAnswer(t *testing.T) {
	t.Parallel()
	eachScheme(t, func(t *testing.T, s scheme) {
		other, ok := otherAnswers[s.name]
		if !ok {
			t.Fatalf("nothing is known of the scheme %s", s.name)
		}
		b := newBench(t, s, mockserver.WorldSetting{Assumptions: map[string]string{other[0]: other[1]}})
		noticed := 0
		for _, op := range b.vendor.Spec.Operations {
			requests, _, err := b.vendor.Negatives(op.ID, b.options)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range requests {
				if unexpected(r.Expect, b.send(t, r)) != "" {
					noticed++
				}
			}
		}
		if noticed == 0 {
			t.Errorf("with %s %s nothing is noticed", other[0], other[1])
		}
	})
}

func TestWrongLabelsAreNoticed(t *testing.T) {
	t.Parallel()
	got := answer{http.StatusBadRequest, []byte(`{"error_code":"DS.60xx","error_msg":"The user request is illegal."}`)}
	right := gen.Expectation{Status: 400, Code: "DS.60xx", Message: "The user request is illegal."}
	if problem := unexpected(&right, got); problem != "" {
		t.Error(problem)
	}
	for _, spoil := range []func(*gen.Expectation){
		func(e *gen.Expectation) { e.Status++ },
		func(e *gen.Expectation) { e.Code += "x" },
		func(e *gen.Expectation) { e.Message = strings.ToUpper(e.Message) },
		func(e *gen.Expectation) { e.Message, e.Begins = "user request", true },
	} {
		wrong := right
		spoil(&wrong)
		if unexpected(&wrong, got) == "" {
			t.Errorf("%+v was taken for what %s says", wrong, got.body)
		}
	}
}

// TestSignedRequestsAreRepeatable makes everything twice.
func TestSignedRequestsAreRepeatable(t *testing.T) {
	t.Parallel()
	eachScheme(t, func(t *testing.T, s scheme) {
		b := newBench(t, s, mockserver.WorldSetting{})
		if one, two := b.everything(t), b.everything(t); !bytes.Equal(one, two) {
			t.Errorf("the second time it was\n%s\ninstead of\n%s", two, one)
		}
	})
}

func (b *bench) everything(t *testing.T) []byte {
	t.Helper()
	var buf []byte
	for _, op := range b.vendor.Spec.Operations {
		negatives, _, err := b.vendor.Negatives(op.ID, b.options)
		if err != nil {
			t.Fatal(err)
		}
		valid, err := b.vendor.Requests(op.ID, b.options)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range negatives {
			data, err1 := json.Marshal(r)
			var err2 error
			if buf, err2 = valid.Append(append(buf, data...), uint64(i)); err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
		}
	}
	return buf
}

// TestFailuresOfEveryOperation wants an error reply for every entry that the stand-in can answer an operation with.
func TestFailuresOfEveryOperation(t *testing.T) {
	t.Parallel()
	eachScheme(t, func(t *testing.T, s scheme) {
		v := fixtures.Generator(s.vendor.name)
		for _, op := range v.Spec.Operations {
			replies, err := v.Failures(op.ID, gen.Options{Seed: 11})
			if err != nil {
				t.Fatal(err)
			}
			if len(replies) == 0 {
				t.Errorf("%s has no error replies", op.ID)
			}
			for _, r := range replies {
				e := v.Spec.Error(op.ID, r.Error)
				code, message := errorOf(r.Body)
				if r.Status != e.Status || !fillsOut(e.Code, code) || !fillsOut(e.Message, message) {
					t.Errorf("%s %s: got %d %s %q, want %d %s %q", op.ID, r.Error, r.Status, code, message, e.Status, e.Code, e.Message)
				}
			}
		}
	})
}

// fillsOut reports whether a text is a catalogue text with something for every %s.
func fillsOut(pattern, text string) bool {
	rest := text
	for i, part := range strings.Split(pattern, "%s") {
		at := strings.Index(rest, part)
		if at < 0 || i == 0 && at > 0 {
			return false
		}
		if i > 0 && part == "" {
			return rest != ""
		}
		rest = rest[at+len(part):]
	}
	return rest == ""
}

// An archive of errors pairs each with a request that breaks what the error is about, or says that it does not.
func TestErrorsInAnArchiveHaveRequestsThatMeetThem(t *testing.T) {
	t.Parallel()
	var har struct {
		Log struct{ Entries []struct{ Comment string } }
	}
	if err := json.Unmarshal([]byte(command(t, "fixtures", "--kind", "errors", "--operation", "ListApprovers", "--format", "har")), &har); err != nil {
		t.Fatal(err)
	}
	broken := 0
	for _, e := range har.Log.Entries {
		if strings.Contains(e.Comment, "not what causes this") {
			continue
		}
		broken++
		if !strings.Contains(e.Comment, ": ") {
			t.Errorf("%q does not say what is broken", e.Comment)
		}
	}
	if broken < 2 || broken == len(har.Log.Entries) {
		t.Errorf("%d of %d errors have their requests", broken, len(har.Log.Entries))
	}
}
