package check

import "fmt"

// Severity says how bad a finding is.
type Severity string

// The severities. An error contradicts the document; a warning is a doubt: the vendor would not mind, or the check
// could not tell.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Rule is the name of a kind of finding. Names stay what they are.
type Rule struct {
	ID       string
	Severity Severity
	// Meaning says in one sentence what is found.
	Meaning string
}

var rules []Rule

func rule(id string, severity Severity, meaning string) *Rule {
	rules = append(rules, Rule{id, severity, meaning})
	return &Rule{id, severity, meaning}
}

// Rules are all rules, in the order in which a reader of a pact meets what they look at.
func Rules() []Rule { return append([]Rule(nil), rules...) }

// The rules.
var (
	ruleUnreadable  = rule("pact.unreadable", SeverityError, "the file, or an interaction in it, is not what the Pact specification describes")
	ruleEmpty       = rule("pact.empty", SeverityError, "the file has no HTTP interaction")
	ruleUnsupported = rule("interaction.unsupported", SeverityWarning, "a message interaction: no document describes messages, it is not checked")

	ruleOperation = rule("operation.unknown", SeverityError, "no document has the operation: path, method, RPC action or version")

	ruleParameter   = rule("request.parameter.unknown", SeverityError, "a query parameter, or a form parameter of an RPC call, that the operation does not have")
	ruleRepeated    = rule("request.parameter.repeated", SeverityWarning, "a parameter is sent more than once; the first value counts")
	ruleHeader      = rule("request.header.unknown", SeverityWarning, "a header that neither the documents nor HTTP name")
	ruleBody        = rule("request.body.unknown", SeverityWarning, "a body where the operation has none")
	ruleMissing     = rule("request.missing", SeverityError, "a required parameter, header, field or body is not sent")
	ruleType        = rule("request.type", SeverityError, "a value is not of its type")
	ruleValue       = rule("request.value", SeverityError, "a value is outside its enumeration, pattern, length or bounds")
	ruleField       = rule("request.field.unknown", SeverityError, "a field of the body that the operation does not have")
	ruleMediaType   = rule("request.media-type", SeverityError, "the Content-Type is missing or not one that the operation takes")
	ruleCredentials = rule("request.credentials", SeverityError, "the request carries none of the documented credentials and expects success")
	ruleRefusal     = rule("response.refusal", SeverityError, "the document refuses the request with another error than the one expected")

	ruleStatus         = rule("response.status", SeverityError, "the operation does not document the status")
	ruleCode           = rule("response.error", SeverityError, "the operation does not document the error code")
	ruleCodeStatus     = rule("response.error.status", SeverityError, "the error code is documented with another status")
	ruleMessage        = rule("response.error.message", SeverityWarning, "the message is expected literally and is not the documented one")
	ruleReplyType      = rule("response.type", SeverityError, "an expected value is not of its type")
	ruleReplyValue     = rule("response.value", SeverityError, "an expected value is outside its enumeration, pattern, length or bounds")
	ruleReplyField     = rule("response.field.unknown", SeverityError, "an expected field that the reply does not have")
	ruleReplyMediaType = rule("response.media-type", SeverityError, "the operation does not answer in the expected Content-Type")
	ruleReplyHeader    = rule("response.header.unknown", SeverityError, "an expected header that neither the document nor HTTP names")
	ruleReplyHeaderVal = rule("response.header.value", SeverityError, "an expected header has a value that the document does not allow")

	ruleExample     = rule("matcher.example", SeverityError, "the example does not satisfy its own matcher")
	ruleMatcherPath = rule("matcher.path", SeverityWarning, "a matching rule is for nothing in the example")
	ruleMatcherKind = rule("matcher.unknown", SeverityWarning, "a matcher that the check does not know; it is not considered")
	ruleRegex       = rule("matcher.regex", SeverityWarning, "a regular expression that RE2 cannot read; it is not considered")
)

// Finding is one thing that is wrong in a pact file.
type Finding struct {
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	// File is the pact file as it was named; Line and Column count from 1, in bytes, 0 if there is no place to name.
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	// Interaction is the description of the interaction, empty if the finding is about the whole file.
	Interaction string `json:"interaction,omitempty"`
	// Path is the JSON path within the file. What is missing has the path where it would stand, and the line of what
	// misses it.
	Path    string `json:"path"`
	Message string `json:"message"`
	// Vendor and Operation are empty where none was recognised.
	Vendor    string `json:"vendor,omitempty"`
	Operation string `json:"operation,omitempty"`
	Spec      Spec   `json:"spec,omitzero"`
}

// Spec is a place in the vendor's documents.
type Spec struct {
	// File is the document ("wps/oauth.yaml"); `countersign specs print FILE` prints it.
	File string `json:"file"`
	// Line counts from 1.
	Line int `json:"line"`
}

func (s Spec) String() string {
	switch {
	case s.File == "":
		return ""
	case s.Line == 0:
		return s.File
	}
	return fmt.Sprintf("%s:%d", s.File, s.Line)
}
