// Package specs holds the OpenAPI 3.0.3 documents of every vendor, with their sources, assumptions, refusals and
// error catalogue, and the loader that turns them into what the stand-in runs on.
//
// # Layout
//
//	specs/VENDOR/*.yaml        one document per RPC action, or one per service
//	specs/VENDOR/common.yaml   what several documents share; has no paths; referred to with $ref "./common.yaml#/..."
//	specs/VENDOR/signing.txtar the published signature vectors, read by tests of the fake and of the client
//
// A folder is a vendor; every *.yaml in it is read. Nothing is said twice: routes, parameters, validation, refusals,
// pagination rules and the error catalogue are read from here by the server, the command line and the tests.
//
// # Grades and sources
//
// A behaviour is "documented" (the vendor's page or contract says so), "observed" (seen on the wire or in code that
// runs against the real service) or "assumed" (ours; then it has a number). "sources" are keys of x-sources. A parameter,
// body, reply or property without x-sources or x-grade of its own has those of what contains it.
//
// # Extensions at the root of a document
//
//	x-vendor: quickbi
//	x-sources:                       # key -> what it is
//	  RC-zh: {title: "...", url: "https://..."}
//	x-assumptions:                   # every guess, numbered; numbers are unique within a vendor, across its documents
//	  - id: QB-003
//	    title: Format of a V1 reply when Format is absent
//	    default: xml                 # one of the alternatives' values
//	    alternatives:
//	      - {value: xml, meaning: "..."}
//	      - {value: json, meaning: "..."}
//	    why: what the default rests on
//	    sources: [V2D]
//	    overlay: name                # only if the switch changes a schema; names the overlay
//	x-errors: [ ... ]                # valid for every operation of the document; without paths, of the vendor (the gateway)
//	x-refusals: {...}                # default refusals, see below
//	x-collections:                   # what a world remembers; a record refers only to collections that stand before its own
//	  - name: authorizations         # as the plug calls it, world files and the admin API too
//	    schema: Authorization        # of one record, in components/schemas of this document
//	    key: [user_id, llm_cube]     # the properties that together tell a record from the others; one that is absent counts as empty
//	    unique: [[name]]             # further properties that no two records share, save records that lack one of them
//	x-common-parameters:             # parameters every operation takes (RPC's Action, Timestamp, ...)
//	  - {name: Action, in: query, required: true, description: "...", sources: [V2D]}
//
// # Extensions of an operation
//
//	x-rpc: {action: ResultCallback, version: "2022-01-01"}   # located by action, not by path
//	x-also: [get]                    # further HTTP methods that are served the same way
//	x-errors: [ ... ]                # the operation's own catalogue
//	x-refusals: {...}                # defaults for its parameters and body
//	x-headers:                       # headers that OpenAPI ignores as parameters, checked by the core
//	  - name: Content-Type
//	    when: body                   # always (default) | body (only with a body) | never (documented, not checked)
//	    media-types: [application/json]
//	    refusal: NAME                # x-errors name when missing or different
//	    assumption: WPS-012          # switch: not checked when the world chooses "lenient"
//	    description: "..."
//	    sources: [S1]
//	x-pagination:                    # {style: offset|cursor, ...}: see Pagination
//	x-sources: [..]                  # on operations, parameters and properties: a list of keys (at the root: the map)
//	x-grade: documented
//	x-assumption: [QB-004]           # the numbers that this part rests on
//	x-documented-required: true      # the page calls it mandatory though it must not be enforced as such
//	x-secret: true                   # on parameters and properties: never shown in the journal
//	x-allow-empty: true              # on required parameters and properties: an empty value counts as present
//	x-blank: QB-032                  # on required parameters: white space counts as empty, unless the world chooses "accept"
//	x-references: [users, apps.id]   # on properties and items of records: names a record of one of these collections, by the
//	                                 # only property of its key, or by the property behind the dot, which is unique there
//	x-overlays:                      # on a response: other schemas of its JSON, chosen by switches
//	  WPS-005: {current: UserManageReplyCurrent}   # number -> alternative -> name in components/schemas
//
// # Refusals
//
// x-refusals stands beside a parameter or property, on the operation, or at the root; the nearest one that names the
// kind decides. A kind that no level names is an error when the documents are loaded.
//
//	x-refusals:
//	  missing: System.Param.Empty    # absent, or present and empty although required (see x-allow-empty)
//	  malformed: Invalid.Parameter   # not of the type (integer, boolean, array, not JSON, not UTF-8)
//	  range: Invalid.Parameter.Error # of the type, but enum, pattern, length or bound says no
//
// The values are names of x-errors, looked up in the operation's catalogue first, then in the vendor's. A %s in the
// entry's code or message is filled with the parameter's name. x-allow-empty: true beside a required parameter says
// that an empty value counts as present.
//
// # The error catalogue
//
//	x-errors:
//	  - name: APIGW.0301/signature   # unique within the operation or gateway; default: the code
//	    code: APIGW.0301             # may contain %s
//	    status: 401
//	    message: "Incorrect IAM authentication information: verify aksk signature fail"   # may contain %s
//	    condition: when it is answered, in our words
//	    grade: documented
//	    sources: [D-SIGN]
//	    assumption: [DA-003]         # what of it is a guess
//	    cause: how a user of the stand-in gets it, e.g. "call twice with the same nonce"
//	    state: application-closed    # the provider state that prepares it, if one is needed
package specs
