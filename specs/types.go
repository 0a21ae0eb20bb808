package specs

// Grade says how well a behaviour is known.
type Grade string

// The three grades, from firm to guessed.
const (
	Documented Grade = "documented"
	Observed   Grade = "observed"
	Assumed    Grade = "assumed"
)

// Source is one place a fact was taken from.
type Source struct {
	Key   string `json:"key,omitempty"`
	Title string `json:"title"`
	URL   string `json:"url,omitempty"`
	Note  string `json:"note,omitempty"`
}

// Assumption is a numbered guess with its alternatives. A world may choose another alternative than Default.
type Assumption struct {
	ID           string        `json:"id"`
	Title        string        `json:"title"`
	Default      string        `json:"default"`
	Alternatives []Alternative `json:"alternatives"`
	Why          string        `json:"why"`
	Sources      []string      `json:"sources,omitempty"`
	// Overlay names the schema overlay if choosing another alternative changes a schema.
	Overlay string `json:"overlay,omitempty"`
}

// Alternative is one way an assumption can be decided.
type Alternative struct {
	Value   string `json:"value"`
	Meaning string `json:"meaning"`
}

// Error is one entry of a vendor's error catalogue.
type Error struct {
	// Name is unique within the operation, or within the vendor for gateway errors. Default: Code.
	Name    string `json:"name,omitempty"`
	Code    string `json:"code"`
	Status  int    `json:"status"`
	Message string `json:"message"`
	// Condition says when the vendor answers it, in our words.
	Condition  string   `json:"condition"`
	Grade      Grade    `json:"grade"`
	Sources    []string `json:"sources,omitempty"`
	Assumption []string `json:"assumption,omitempty"`
	// Cause says how a user of the stand-in gets it; State names the provider state that prepares it.
	Cause string `json:"cause"`
	State string `json:"state,omitempty"`
	// Operation is the operationId, or empty for an error of the vendor's gateway. Set by the loader.
	Operation string `json:"operation,omitempty"`
	// File is the document that has the entry ("wps/oauth.yaml"). Set by the loader.
	File string `json:"-"`
}

// Refusals names the catalogue entries for the three ways in which a value can be wrong.
type Refusals struct {
	Missing   string `json:"missing,omitempty"`
	Malformed string `json:"malformed,omitempty"`
	Range     string `json:"range,omitempty"`
}

// RPC locates an operation by action and version instead of by path.
type RPC struct {
	Action  string `json:"action"`
	Version string `json:"version"`
}

// HeaderRule is a requirement on a header that OpenAPI does not let a parameter describe.
type HeaderRule struct {
	Name string `json:"name"`
	// When is "always" (default), "body" or "never" (documented only).
	When       string   `json:"when,omitempty"`
	MediaTypes []string `json:"media-types,omitempty"`
	// Refusal names the catalogue entry for a missing or different header.
	Refusal     string   `json:"refusal,omitempty"`
	Assumption  string   `json:"assumption,omitempty"`
	Description string   `json:"description,omitempty"`
	Sources     []string `json:"sources,omitempty"`
}

// Pagination describes how an operation pages.
type Pagination struct {
	// Style is "offset" or "cursor".
	Style string `json:"style"`
	// Size, Offset and Cursor name the request parameters.
	Size   string `json:"size"`
	Offset string `json:"offset,omitempty"`
	Cursor string `json:"cursor,omitempty"`
	// DefaultSize, MinSize and MaxSize bound the page size, in records.
	DefaultSize int `json:"default-size"`
	MinSize     int `json:"min-size"`
	MaxSize     int `json:"max-size"`
	// Rounding is "down" where an offset is rounded down to a multiple of the page size.
	Rounding string `json:"rounding,omitempty"`
	// Items, Total, Next and More are JSON pointers into the reply.
	Items string `json:"items"`
	Total string `json:"total,omitempty"`
	Next  string `json:"next,omitempty"`
	More  string `json:"more,omitempty"`
	// LastCursor is the value of Next on the last page.
	LastCursor string   `json:"last-cursor,omitempty"`
	Sources    []string `json:"sources,omitempty"`
	Assumption []string `json:"assumption,omitempty"`
}

// CommonParameter is a parameter that every operation of a vendor takes.
type CommonParameter struct {
	Name        string   `json:"name"`
	In          string   `json:"in"`
	Required    bool     `json:"required,omitempty"`
	Description string   `json:"description"`
	Sources     []string `json:"sources,omitempty"`
	Secret      bool     `json:"secret,omitempty"`
}
