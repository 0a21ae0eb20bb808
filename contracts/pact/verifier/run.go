//go:build pact

package verifier

// #include <stdlib.h>
// typedef struct VerifierHandle VerifierHandle;
// VerifierHandle *pactffi_verifier_new_for_application(const char *name, const char *version);
// void pactffi_verifier_shutdown(VerifierHandle *handle);
// void pactffi_verifier_set_provider_info(VerifierHandle *handle, const char *name, const char *scheme, const char *host,
//     unsigned short port, const char *path);
// void pactffi_verifier_set_filter_info(VerifierHandle *handle, const char *description, const char *state, unsigned char no_state);
// void pactffi_verifier_set_provider_state(VerifierHandle *handle, const char *url, unsigned char teardown, unsigned char body);
// int pactffi_verifier_set_verification_options(VerifierHandle *handle, unsigned char disable_ssl, unsigned long timeout);
// int pactffi_verifier_set_coloured_output(VerifierHandle *handle, unsigned char coloured);
// int pactffi_verifier_set_no_pacts_is_error(VerifierHandle *handle, unsigned char is_error);
// int pactffi_verifier_set_publish_options(VerifierHandle *handle, const char *version, const char *build_url,
//     const char *const *tags, unsigned short tags_len, const char *branch);
// void pactffi_verifier_add_file_source(VerifierHandle *handle, const char *file);
// void pactffi_verifier_url_source(VerifierHandle *handle, const char *url, const char *username, const char *password, const char *token);
// void pactffi_verifier_broker_source_with_selectors(VerifierHandle *handle, const char *url, const char *username,
//     const char *password, const char *token, unsigned char pending, const char *wip_since,
//     const char *const *provider_tags, unsigned short provider_tags_len, const char *provider_branch,
//     const char *const *selectors, unsigned short selectors_len, const char *const *tags, unsigned short tags_len);
// int pactffi_verifier_execute(VerifierHandle *handle);
// char *pactffi_verifier_output(const VerifierHandle *handle, unsigned char strip_ansi);
// char *pactffi_verifier_json(const VerifierHandle *handle);
// void pactffi_string_delete(char *string);
import "C"

import (
	"errors"
	"fmt"
	"strconv"
	"time"
	"unsafe"

	_ "github.com/countersign/countersign/contracts/pact/ffi" // where the library is
)

// Run verifies. An error says that it could not begin; what it found is in the result. The library writes its report for
// people to the process's standard output, too.
func Run(o Options) (*Result, error) {
	v, err := begin(o)
	if err != nil {
		return nil, err
	}
	defer v.end()
	v.options(o)
	source, err := v.source(o)
	if err != nil {
		return nil, err
	}
	code := int(C.pactffi_verifier_execute(v.handle))
	result := &Result{Source: source, Output: taken(C.pactffi_verifier_output(v.handle, 1))}
	if err := result.read(taken(C.pactffi_verifier_json(v.handle)), code == 0); err != nil {
		return nil, err
	}
	return result, nil
}

// verification is a handle of the library and the texts that it was given.
type verification struct {
	handle *C.VerifierHandle
	given  []unsafe.Pointer
}

func begin(o Options) (*verification, error) {
	v := &verification{}
	v.handle = C.pactffi_verifier_new_for_application(v.text("countersign-verify"), v.text("1"))
	if v.handle == nil {
		return nil, errors.New("the Pact library gives no verifier")
	}
	port, err := strconv.ParseUint(o.Target.Port(), 10, 16)
	if err != nil {
		v.end()
		return nil, fmt.Errorf("the provider's address needs a port: %w", err)
	}
	C.pactffi_verifier_set_provider_info(v.handle, v.text(o.Provider), v.text(o.Target.Scheme), v.text(o.Target.Hostname()),
		C.ushort(port), v.text(o.Target.Path))
	return v, nil
}

func (v *verification) end() {
	if v.handle != nil {
		C.pactffi_verifier_shutdown(v.handle)
	}
	for _, p := range v.given {
		C.free(p)
	}
}

func (v *verification) options(o Options) {
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	C.pactffi_verifier_set_verification_options(v.handle, 0, C.ulong(o.Timeout.Milliseconds()))
	C.pactffi_verifier_set_coloured_output(v.handle, 0)
	C.pactffi_verifier_set_no_pacts_is_error(v.handle, 1)
	C.pactffi_verifier_set_provider_state(v.handle, v.text(o.StatesURL), 1, 1)
	if o.Description != "" || o.State != "" {
		C.pactffi_verifier_set_filter_info(v.handle, v.text(o.Description), v.text(o.State), 0)
	}
	if p := o.Publish; p != nil {
		tags, n := v.texts(p.Tags)
		C.pactffi_verifier_set_publish_options(v.handle, v.text(p.Version), v.text(p.BuildURL), tags, n, v.text(p.Branch))
	}
}

// source adds what is verified, and names it.
func (v *verification) source(o Options) (string, error) {
	switch {
	case o.File != "":
		C.pactffi_verifier_add_file_source(v.handle, v.text(o.File))
		return o.File, nil
	case o.URL != "":
		C.pactffi_verifier_url_source(v.handle, v.text(o.URL), v.text(o.Username), v.text(o.Password), v.text(o.Token))
		return o.URL, nil
	case o.Broker != nil:
		v.broker(o)
		return o.Broker.URL, nil
	}
	return "", errors.New("nothing to verify: no file, no address, no broker")
}

func (v *verification) broker(o Options) {
	b := o.Broker
	selectors, n := v.texts(b.Selectors)
	C.pactffi_verifier_broker_source_with_selectors(v.handle, v.text(b.URL), v.text(o.Username), v.text(o.Password), v.text(o.Token),
		flag(b.Pending), v.text(b.WIPSince), nil, 0, v.text(b.Branch), selectors, n, nil, 0)
}

// text is a C string that lives as long as the verification; nil for an empty one.
func (v *verification) text(s string) *C.char {
	if s == "" {
		return nil
	}
	c := C.CString(s)
	v.given = append(v.given, unsafe.Pointer(c))
	return c
}

// texts is a C array of strings, made in C's memory: the library may keep it.
func (v *verification) texts(list []string) (**C.char, C.ushort) {
	if len(list) == 0 {
		return nil, 0
	}
	array := C.calloc(C.size_t(len(list)), C.size_t(unsafe.Sizeof((*C.char)(nil))))
	v.given = append(v.given, array)
	texts := unsafe.Slice((**C.char)(array), len(list))
	for i, text := range list {
		texts[i] = v.text(text)
	}
	return (**C.char)(array), C.ushort(len(list))
}

func flag(b bool) C.uchar {
	if b {
		return 1
	}
	return 0
}

// taken copies a text of the library and gives it back.
func taken(c *C.char) string {
	if c == nil {
		return ""
	}
	defer C.pactffi_string_delete(c)
	return C.GoString(c)
}
