package mockserver_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// FuzzFaultRule wants every rule that is taken written as JSON that is taken again, for the same rule.
func FuzzFaultRule(f *testing.F) {
	for _, text := range []string{
		`{"vendor":"acme","effect":{"error":"Slow","latency":{"min":"1s","max":"2s"}},"nth":2}`,
		`{"id":"a","vendor":"acme","operation":"GetNote","parameters":[{"name":"/a~1b","matches":"^x"}],"effect":{"cut":{"after":0},"drip":{"bytes":1,"every":"1ns"}}}`,
		`{"vendor":"acme","probability":1e-9,"seed":18446744073709551615,"ttl":"1h","moment":"after","effect":{"throttle":{"retry_after":"1m"}}}`,
		`{"vendor":"acme","effect":{"reset":true},"vendr":1}`,
	} {
		f.Add(text)
	}
	srv := serverFor(f)
	f.Fuzz(func(t *testing.T, text string) {
		var rule mockserver.FaultRule
		if json.Unmarshal([]byte(text), &rule) != nil {
			return
		}
		w, err := srv.World(mockserver.DefaultWorld)
		if err != nil {
			t.Fatal(err)
		}
		rule.ID = "it"
		st, _, err := w.PutFault(rule)
		if err != nil {
			return
		}
		data, err := json.Marshal(st.Rule)
		if err != nil {
			t.Fatal(err)
		}
		var again mockserver.FaultRule
		if err := json.Unmarshal(data, &again); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		twice, _, err := w.PutFault(again)
		if err != nil || !reflect.DeepEqual(emptied(twice.Rule), emptied(st.Rule)) {
			t.Errorf("%s became %+v, %v", data, twice.Rule, err)
		}
	})
}

// emptied makes a list that is there and empty one that is not.
func emptied(r mockserver.FaultRule) mockserver.FaultRule {
	if len(r.Parameters) == 0 {
		r.Parameters = nil
	}
	return r
}

func serverFor(f *testing.F) *mockserver.Server {
	f.Helper()
	srv, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{acme}})
	if err != nil {
		f.Fatal(err)
	}
	return srv
}

// FuzzMatchers wants no request, however odd, to break a matcher, and Match to say what Mismatches says.
func FuzzMatchers(f *testing.F) {
	f.Add("a", "a=1&b=%zz", `{"a":{"b":[1]}}`, "1")
	f.Add("/a/b/0", "", `{"a":{"b":[1]}}`, "1")
	f.Add("/~0~1", "", `{"~/":null}`, "null")
	f.Fuzz(func(t *testing.T, name, query, body, value string) {
		m, err := mockserver.NewMatcher([]mockserver.ParameterMatch{{Name: name, Contains: &value}})
		if err != nil {
			return
		}
		absent, err := mockserver.NewMatcher([]mockserver.ParameterMatch{{Name: name, Absent: true}})
		if err != nil {
			t.Fatal(err)
		}
		r := &mockserver.Request{RawPath: "/", RawQuery: query, Body: []byte(body)}
		missed := m.Mismatches(r, nil)
		if m.Match(r, nil) != (len(missed) == 0) {
			t.Errorf("Match and Mismatches differ: %+v", missed)
		}
		if len(missed) > 0 && absent.Match(r, nil) == missed[0].Sent {
			t.Errorf("sent is %v, and absent %v", missed[0].Sent, absent.Match(r, nil))
		}
		if len(missed) == 0 && value != "" && absent.Match(r, nil) {
			t.Errorf("%q contains %q and is absent", name, strings.Clone(value))
		}
	})
}
