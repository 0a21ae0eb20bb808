// Package check holds Pact contracts against the vendors' documents without running anything: which operation an
// interaction calls, what the documents would say to its request, whether its reply is one that they describe, and how
// much of them a set of contracts touches.
//
//	c, err := check.New(vendors...)          // *specs.Vendor, from specs.Load
//	pacts, err := check.ReadPaths("pacts")   // files and folders
//	report := c.Check(pacts...)              // report.Findings
//	err = report.Cover(check.Scope{})        // report.Coverage
//
// # Pact files
//
// Versions 1 to 4 of the Pact specification are read, HTTP interactions only. Without metadata a file is taken for
// version 2. The query may be a text or an object, headers texts or arrays, matching rules flat ($.body.x) or by
// category, whatever the version. A body is looked into if it is JSON, also as a text or in Base64, or a form. nil, ""
// and, in version 4, {} are no body. Of equal names in a JSON object the last one counts.
//
// # Which operation
//
// A Host header that is one of a vendor's hosts decides the vendor. Otherwise the path and the method do, for RPC
// operations with the action: of the headers where Authorization is sent, else of the query or form. If no operation is
// found, the vendor is the one whose paths begin alike, else the one whose name the provider's name contains. A request
// that no operation serves is right if the reply expected is a documented one to such requests, with its code.
//
// # What is found
//
// [Rules] lists the rules. A finding names file, line and column, interaction, JSON path, and the line of the document.
// What is missing has the path where it would stand. Errors contradict the documents; warnings are doubts.
//
// Requests are checked as the stand-in checks them: required headers, parameters and body, then types, then values. A
// request that the document refuses is a finding unless the interaction expects just that refusal: the documented error
// for the first thing that is wrong; or another alternative of a numbered guess that this error rests on; or an error
// that is decided earlier (the gateway's; or one that the document has for all operations, with another status: bad
// credentials, no permission, throttling). Unlike the stand-in, which warns, unknown parameters and fields are errors
// here. Credentials are wanted by presence, where success is expected; signatures are not verified.
//
// Replies are checked as a consumer reads them: nothing is required, everything named has to exist and to be of its type.
// A body may have the document's schema or any that a switch of a world chooses instead. For errors the code is the
// member Code, code or error_code nearest to the root (in XML: the element); it has to be in the catalogue of the
// operation, of its document or of the gateway, with this status.
//
// # Matchers
//
// The example is what is checked, whatever the matcher beside it. Then the example has to satisfy its matchers: regex
// (which need not match the whole text, unless it is anchored), type with min and max, include, number, integer,
// decimal, boolean, null, notEmpty and statusCode. Known and not considered: equality, date, time, datetime, timestamp,
// contentType, values, arrayContains, eachKey, eachValue, semver. With combine OR one of them suffices.
//
// # What coverage counts
//
// Counted are, for every operation in scope (default: all of the vendors that are called):
//
//   - the operation: any interaction calls it.
//   - its parameters in query, path and headers, and the fields of its body that hold values (auth.scope.project.name;
//     those of array elements under the array's name): sent at least once, with a value that the document accepts, by an
//     interaction that may expect anything. An empty value counts only where the document says that it counts as sent.
//     Common parameters of a vendor (those of signatures) and the headers of x-headers are not counted.
//   - its errors, and those that stand at the root of its document: every entry of the catalogue that is documented or
//     observed. What is only assumed is not counted. An interaction touches an entry by expecting its status and, if it
//     expects a code, its code.
//   - the branches of its paging, see below.
//
// The errors of documents without operations (gateways) are listed, and counted only if [Scope].Gateway says so.
//
// Where several entries have the code and status, an interaction touches the one that it means, by the first evidence that
// leaves any, each applied to what the one before has left: it names the entry (description, comments, provider state or
// its parameters); the document refuses its request with the entry; a provider state is the one that prepares the
// entry; the expected message is the entry's; nothing is wrong with its request, and the entry is more than the answer to
// a wrong parameter; the entry is not assumed. If several are left, the interaction touches none of them and is listed
// as ambiguous, unless none of them is counted.
//
// An interaction touches a branch of paging if it expects success and items, and sends nothing that is refused:
//
//   - first: no cursor, or an empty one; offset 0 or none. There are items. (Also if it is the only page.)
//   - middle: a cursor or offset, items, and more behind them: the reply says so (has_more, or a next cursor that is not
//     the last page's), or offset plus size is less than the reply's total.
//   - last: a cursor or offset, items, and nothing behind them.
//   - empty: no items.
//   - rounding, where the document rounds: an offset that is no multiple of the size. The rounded offset decides the page.
//   - default size, where there is one: no size is sent, or 0 where the document allows 0.
package check
