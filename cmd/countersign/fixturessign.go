package main

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign/contracts/client"
	dataartsclient "github.com/countersign/countersign/contracts/client/dataarts"
	quickbiclient "github.com/countersign/countersign/contracts/client/quickbi"
	wpsclient "github.com/countersign/countersign/contracts/client/wps"
	"github.com/countersign/countersign/fixtures/gen"
	"github.com/countersign/countersign/specs"
)

// unsigned is the scheme of --sign that signs nothing.
const unsigned = "none"

// signScheme is a way in which requests of a vendor say who sends them.
type signScheme struct {
	name string
	// sign makes the signer for the credentials of a world.
	sign func(env *gen.Environment) gen.Signer
	// refused names the catalogue entries that answer requests which prove nothing, fill is what their texts are filled
	// with. earlier names the entries that answer a bad place which says who the caller is, where they are not the SDKs'
	// scheme's.
	refused map[gen.Lack]string
	fill    map[gen.Lack]string
	earlier map[string]string
}

// notSigned names only the operation: it is what a request without a signature has.
func (v vendor) notSigned(xml bool) signScheme {
	name := v.unsigned
	if xml {
		name = v.unsignedXML
	}
	return signScheme{name: unsigned, sign: func(*gen.Environment) gen.Signer { return name }}
}

// scheme is the one that --sign names: of the vendor's schemes the first where nothing is named.
func (v vendor) scheme(f *fixtureFlags, signed bool) (signScheme, error) {
	if !signed || f.sign == unsigned {
		return v.notSigned(f.xml), nil
	}
	there := []string{unsigned}
	for _, s := range v.schemes {
		if f.sign == "" || f.sign == s.name {
			return s, nil
		}
		there = append(there, s.name)
	}
	return signScheme{}, usagef("--sign %s: %s has %s", f.sign, v.name, strings.Join(there, ", "))
}

// options adds a signature of this scheme to what requests are made with.
func (s signScheme) options(o gen.RequestOptions) gen.RequestOptions {
	o.Sign, o.Refused, o.Fill, o.Earlier = s.sign(o.Env), s.refused, s.fill, s.earlier
	return o
}

// quickbiSchemes are refused in the words that the gateway has for each version of the signature.
var quickbiSchemes = []signScheme{
	{
		name: "ACS3-HMAC-SHA256", sign: quickbiV3,
		refused: map[gen.Lack]string{gen.NoCredentials: "Missing<Param>", gen.Changed: "SignatureDoesNotMatch/V3", gen.Stale: "InvalidTimeStamp.Expired"},
		fill:    map[gen.Lack]string{gen.NoCredentials: "Action"},
	},
	{
		name: "HMAC-SHA1", sign: quickbiV1("json"),
		refused: map[gen.Lack]string{gen.NoCredentials: "Missing<Param>", gen.Changed: "SignatureDoesNotMatch", gen.Stale: "InvalidTimeStamp.Expired"},
		fill:    map[gen.Lack]string{gen.NoCredentials: "Action"},
	},
}

// wpsSchemes: no date is stale (WPS-003).
var wpsSchemes = []signScheme{{
	name: "KSO-1", sign: wpsKSO1,
	refused: map[gen.Lack]string{gen.NoCredentials: "401000001/date-missing", gen.Changed: "401000001/signature"},
}}

// dataartsSchemes: a token has no date, and covers nothing of the request that could be changed.
var dataartsSchemes = []signScheme{
	{
		name: "SDK-HMAC-SHA256", sign: dataartsSDK,
		refused: map[gen.Lack]string{gen.NoCredentials: "APIGW.0301/no-token", gen.Changed: "APIGW.0301/signature", gen.Stale: "APIGW.0301/expired"},
	},
	{
		name: "X-Auth-Token", sign: dataartsToken,
		refused: map[gen.Lack]string{gen.NoCredentials: "APIGW.0301/no-token"},
		earlier: map[string]string{"path.project_id": "DS.60xx/token-project"},
	},
}

func (a *app) schemeWords() []string {
	words := []string{unsigned + "\tnot at all"}
	for _, v := range a.vendors {
		for _, s := range v.schemes {
			words = append(words, s.name+"\t"+v.title)
		}
	}
	return words
}

// action names the operation in a request that is not signed.
func quickbiAction(_ string, op *specs.Operation, req *http.Request, _ []byte, _ time.Time, _ string) error {
	req.Header.Set("x-acs-action", op.RPC.Action)
	req.Header.Set("x-acs-version", op.RPC.Version)
	return nil
}

func quickbiCredentials(env *gen.Environment) quickbiclient.Credentials {
	return quickbiclient.Credentials{AccessKeyId: env.Text("access_key_id"), AccessKeySecret: client.Secret(env.Text("access_key_secret"))}
}

func quickbiV3(env *gen.Environment) gen.Signer {
	return func(vendor string, op *specs.Operation, req *http.Request, body []byte, at time.Time, nonce string) error {
		if err := quickbiAction(vendor, op, req, body, at, nonce); err != nil {
			return err
		}
		return quickbiclient.Sign(req, body, quickbiclient.V3, quickbiCredentials(env), at, nonce)
	}
}

// quickbiV1 signs what quickbiQuery makes.
func quickbiV1(format string) func(env *gen.Environment) gen.Signer {
	name := quickbiQuery(format)
	return func(env *gen.Environment) gen.Signer {
		return func(vendor string, op *specs.Operation, req *http.Request, body []byte, at time.Time, nonce string) error {
			if err := name(vendor, op, req, body, at, nonce); err != nil {
				return err
			}
			return quickbiclient.Sign(req, body, quickbiclient.V1, quickbiCredentials(env), at, nonce)
		}
	}
}

// quickbiQuery names the operation in the query, and the format of the reply: without one the vendor answers XML.
func quickbiQuery(format string) gen.Signer {
	return func(_ string, op *specs.Operation, req *http.Request, _ []byte, _ time.Time, _ string) error {
		pairs := []string{"Action=" + op.RPC.Action, "Format=" + format, "Version=" + op.RPC.Version, req.URL.RawQuery}
		if format == "" {
			pairs = slices.Delete(pairs, 1, 2)
		}
		req.URL.RawQuery = strings.TrimSuffix(strings.Join(pairs, "&"), "&")
		return nil
	}
}

// wpsKSO1 sends a user's token, and signs as the app.
func wpsKSO1(env *gen.Environment) gen.Signer {
	return func(_ string, _ *specs.Operation, req *http.Request, body []byte, at time.Time, _ string) error {
		req.Header.Set("Authorization", "Bearer "+env.Text("access_token"))
		wpsclient.Sign(req, body, wpsclient.Credentials{AppID: env.Text("app_id"), AppKey: client.Secret(env.Text("app_key"))}, at)
		return nil
	}
}

// dataartsSDK covers those of the vendor's own headers that the request has, as the SDKs do.
func dataartsSDK(env *gen.Environment) gen.Signer {
	creds := dataartsclient.Credentials{AccessKey: env.Text("ak"), SecretKey: client.Secret(env.Text("sk"))}
	return func(_ string, _ *specs.Operation, req *http.Request, body []byte, at time.Time, _ string) error {
		covered := slices.DeleteFunc([]string{"Workspace", "X-Project-Id"}, func(name string) bool { return req.Header.Get(name) == "" })
		return dataartsclient.Sign(req, body, creds, at, covered...)
	}
}

func dataartsToken(env *gen.Environment) gen.Signer {
	return func(_ string, _ *specs.Operation, req *http.Request, _ []byte, _ time.Time, _ string) error {
		req.Header.Set("X-Auth-Token", env.Text("token"))
		return nil
	}
}
