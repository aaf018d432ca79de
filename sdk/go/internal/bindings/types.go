// Code generated from wit/ by hookbox-bindings. DO NOT EDIT.

package bindings

// The objects of one binding, ordered by namespace, then name.
type SnapshotsSnapshot struct {
	// Handle is its number; 0 is none.
	Handle uint32
}

// One selected object.
type SnapshotsEntry struct {
	// The whole object; none when the binding has `keepFullObjectsInMemory: false`.
	Object Option[string]
	// What the binding's filter gave for the object; none when the binding has no filter.
	FilterResult Option[string]
}

// Why the host refused a call. The run goes on; the hook decides what to make of it.
type TypesRefusal struct {
	// A stable word to match on, such as `invalid-json`, `invalid-path` or `not-granted`. New words may appear.
	Code string
	// For a person: what was wrong and where.
	Message string
}

// Which half of an entry a pointer looks into.
type SnapshotsPart uint8

const (
	// The whole object.
	SnapshotsPartObject SnapshotsPart = 0
	// The filter's result.
	SnapshotsPartFilterResult SnapshotsPart = 1
)

// One binding context: one reason for this run. Its fields are those of shell-operator's binding context file,
// read on demand.
type ContextsBindingContext struct {
	// Handle is its number; 0 is none.
	Handle uint32
}

// How to create an object.
type ObjectPatchesCreateMode uint8

const (
	// An existing object is an error.
	ObjectPatchesCreateModeFailIfExists ObjectPatchesCreateMode = 0
	// An existing object is left as it is.
	ObjectPatchesCreateModeKeepExisting ObjectPatchesCreateMode = 1
	// An existing object is replaced as a whole.
	ObjectPatchesCreateModeReplaceExisting ObjectPatchesCreateMode = 2
)

// Which object a change is for.
type ObjectPatchesObjectRef struct {
	// Group and version, such as `apps/v1`; none lets the host find the preferred version of the kind.
	APIVersion Option[string]
	// Kind, such as `ConfigMap`.
	Kind string
	// Namespace; none for cluster-scoped objects.
	Namespace Option[string]
	// Name.
	Name string
}

// What becomes of the objects that the deleted one owns, and whether the host waits.
type ObjectPatchesPropagation uint8

const (
	// Owned objects first; the host waits until the object is gone, at most 20 s.
	ObjectPatchesPropagationForeground ObjectPatchesPropagation = 0
	// Owned objects afterwards; the host does not wait.
	ObjectPatchesPropagationBackground ObjectPatchesPropagation = 1
	// Owned objects stay.
	ObjectPatchesPropagationOrphan ObjectPatchesPropagation = 2
)

// How to apply a patch.
type ObjectPatchesPatchOptions struct {
	// Subresource to patch, such as `status`.
	Subresource Option[string]
	// A missing object is not an error.
	IgnoreMissingObject bool
	// Apply the patch even when the hook fails afterwards; honoured for the `status` subresource only.
	IgnoreHookError bool
}

// How much a record matters.
type LogLevel uint8

const (
	// For whoever follows the hook closely.
	LogLevelDebug LogLevel = 0
	// What happens as expected.
	LogLevelInfo LogLevel = 1
	// What somebody should look at.
	LogLevelWarn LogLevel = 2
	// What went wrong.
	LogLevelError LogLevel = 3
)

// Which objects to list.
type ClusterSelection struct {
	// In which namespace; none for all of them, and for cluster-scoped objects.
	Namespace Option[string]
	// As kubectl's `--selector` has it.
	LabelSelector Option[string]
	// As kubectl's `--field-selector` has it.
	FieldSelector Option[string]
	// Objects of one page at most; none, and more than 500, mean 500.
	Limit Option[uint32]
	// Where to go on: `next` of the page before, with the same selection.
	After Option[string]
}

// Some of the objects that were asked for.
type ClusterPage struct {
	// The objects, in the cluster's order.
	Objects []string
	// Where to go on; none when this was the last page.
	Next Option[string]
	// The state of the cluster that all pages of a listing show.
	ResourceVersion Option[string]
}

// What is asked.
type HTTPRequest struct {
	// `GET`, `POST` and their like.
	Method string
	// Scheme, host, port where it is not the scheme's own, path and query: `https://example.com/a?b=c`.
	URL string
	// Headers. Those that say how a message is framed or whom it is for are the host's.
	Headers []Pair[string, string]
	// The body; none sends none.
	Body Option[[]uint8]
	// Milliseconds until the answer has come whole; none, and more than 60,000, mean 60,000.
	Timeout Option[uint64]
	// Bytes of the answer's body at most; none, and more than 16 MiB, mean 16 MiB.
	Limit Option[uint64]
}

// What was answered, whatever its status. Redirects are not followed.
type HTTPResponse struct {
	// The status, such as 200.
	Status uint16
	// Headers, their names in lower case.
	Headers []Pair[string, string]
	// The body.
	Body []uint8
}

// What the host should do with a run that failed.
type TypesRetry struct {
	Tag   TypesRetryTag
	After uint64
}

// TypesRetryTag says which one it is.
type TypesRetryTag uint8

const (
	// Run again with the queue's growing pause (5 s at first, 32 s at most). What a plain failure means.
	TypesRetryIsBackOff TypesRetryTag = 0
	// Run again after this many milliseconds, instead of the growing pause.
	TypesRetryIsAfter TypesRetryTag = 1
	// A retry makes no sense: count the failure and take the run off the queue.
	TypesRetryIsNever TypesRetryTag = 2
)

// Why a hook failed.
type TypesError struct {
	// For a person: what went wrong. Shown in the log, the journal and the run's status.
	Message string
	// Whether and when to try again.
	Retry TypesRetry
}

// The answer to a review.
type AdmissionResponse struct {
	// Whether the request may go on.
	Allowed bool
	// Why not; shown to the person who made the request.
	Message Option[string]
	// Shown to the person who made the request, whatever the answer.
	Warnings []string
	// Keys and values for the API server's audit log.
	AuditAnnotations []Pair[string, string]
	// A JSON Patch (RFC 6902) of the object; for `mutate` only.
	Patch Option[string]
}

// One hook of the component.
type HooksHook struct {
	// Name, unique in the component: letters, digits, `-`, `_`, `.` and `/`.
	Name string
	// The hook's configuration, the document that shell-operator's hooks print for `--config`
	// (`configVersion: v1`), as JSON or YAML text.
	Config string
}

// Exports is what the component does. All of it has to be there.
var Exports struct {
	// The filter's result for each of `objects`, in their order. Called with many objects at once. Must give the
	// same result for the same object.
	FiltersFilter func(hook string, binding string, objects []string) []Result[string, TypesError]
	// Answer a validating review. `request` is the `request` of an AdmissionReview v1.
	AdmissionValidate func(hook string, binding string, request string) Result[AdmissionResponse, TypesError]
	// Answer a mutating review.
	AdmissionMutate func(hook string, binding string, request string) Result[AdmissionResponse, TypesError]
	// Convert each of `objects` from one version to another, in their order. Versions are written as in the
	// binding's configuration.
	ConversionConvert func(hook string, binding string, fromVersion string, toVersion string, objects []string) Result[[]string, TypesError]
	// The component's hooks. Called once when the component is loaded, with no snapshots and no values.
	HooksDescribe func() []HooksHook
	// Run the named hook for these reasons, at least one, oldest first.
	HooksRun func(hook string, contexts []ContextsBindingContext) Result[struct{}, TypesError]
}
