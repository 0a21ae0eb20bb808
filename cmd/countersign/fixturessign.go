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
}

// signer is the one that --sign names: of the vendor's schemes the first where nothing is named.
func (v vendor) signer(f *fixtureFlags, env *gen.Environment, signed bool) (gen.Signer, error) {
	name := f.sign
	if !signed {
		name = unsigned
	}
	if name == unsigned {
		return v.unsigned, nil
	}
	there := []string{unsigned}
	for _, s := range v.schemes {
		if name == "" || name == s.name {
			return s.sign(env), nil
		}
		there = append(there, s.name)
	}
	return nil, usagef("--sign %s: %s has %s", name, v.name, strings.Join(there, ", "))
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

// quickbiV1 names the operation in the query, and the format: without one the vendor answers XML.
func quickbiV1(env *gen.Environment) gen.Signer {
	return func(_ string, op *specs.Operation, req *http.Request, body []byte, at time.Time, nonce string) error {
		query := "Action=" + op.RPC.Action + "&Format=json&Version=" + op.RPC.Version
		if req.URL.RawQuery != "" {
			query += "&" + req.URL.RawQuery
		}
		req.URL.RawQuery = query
		return quickbiclient.Sign(req, body, quickbiclient.V1, quickbiCredentials(env), at, nonce)
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
