package hookbox

import (
	"encoding/json"

	"github.com/hookbox/hookbox/sdk/go/internal/bindings"
)

// Patch changes objects. A call records the change: the host applies all of them, in their order, when the run succeeded.
type Patch struct{}

// Ref says which object a change is for.
type Ref struct {
	// APIVersion is group and version. When left out, a change is for the kind's preferred version; reads need it.
	APIVersion string
	// Kind as objects write it: ConfigMap.
	Kind string
	// Namespace is empty for cluster-scoped objects.
	Namespace string
	// Name of the object.
	Name string
}

func (r Ref) raw() bindings.ObjectPatchesObjectRef {
	return bindings.ObjectPatchesObjectRef{
		APIVersion: some(r.APIVersion), Kind: r.Kind, Namespace: some(r.Namespace), Name: r.Name,
	}
}

func some(text string) bindings.Option[string] {
	return bindings.Option[string]{Some: text != "", Value: text}
}

// ConfigMap is a manifest.
func ConfigMap(namespace, name string, data map[string]string) map[string]any {
	return map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"name": name, "namespace": namespace}, "data": data,
	}
}

// Create makes an object, a whole manifest. One that is there already is an error.
func (Patch) Create(object any) error {
	return create(object, bindings.ObjectPatchesCreateModeFailIfExists)
}

// CreateIfNotExists leaves one that is there as it is.
func (Patch) CreateIfNotExists(object any) error {
	return create(object, bindings.ObjectPatchesCreateModeKeepExisting)
}

// CreateOrUpdate replaces one that is there.
func (Patch) CreateOrUpdate(object any) error {
	return create(object, bindings.ObjectPatchesCreateModeReplaceExisting)
}

func create(object any, mode bindings.ObjectPatchesCreateMode) error {
	text, err := json.Marshal(object)
	if err != nil {
		return err
	}
	return refused(bindings.ObjectPatchesCreate(string(text), mode))
}

// Delete takes an object away, those that it owns first, and waits until it is gone. One that is not there is no error.
func (Patch) Delete(ref Ref) error {
	return refused(bindings.ObjectPatchesDelete(ref.raw(), bindings.ObjectPatchesPropagationForeground))
}

// DeleteInBackground does not wait.
func (Patch) DeleteInBackground(ref Ref) error {
	return refused(bindings.ObjectPatchesDelete(ref.raw(), bindings.ObjectPatchesPropagationBackground))
}

// DeleteNonCascading leaves what it owns.
func (Patch) DeleteNonCascading(ref Ref) error {
	return refused(bindings.ObjectPatchesDelete(ref.raw(), bindings.ObjectPatchesPropagationOrphan))
}

// PatchOption says how a patch is applied.
type PatchOption func(*bindings.ObjectPatchesPatchOptions)

// Subresource patches a subresource, such as `status`.
func Subresource(name string) PatchOption {
	return func(o *bindings.ObjectPatchesPatchOptions) { o.Subresource = some(name) }
}

// IgnoreMissingObject makes an object that is not there no error.
func IgnoreMissingObject() PatchOption {
	return func(o *bindings.ObjectPatchesPatchOptions) { o.IgnoreMissingObject = true }
}

// IgnoreHookError applies the patch though the hook failed; for the subresource `status` only.
func IgnoreHookError() PatchOption {
	return func(o *bindings.ObjectPatchesPatchOptions) { o.IgnoreHookError = true }
}

func options(given []PatchOption) (all bindings.ObjectPatchesPatchOptions) {
	for _, option := range given {
		option(&all)
	}
	return all
}

// Merge applies a JSON Merge Patch.
func (Patch) Merge(ref Ref, patch any, given ...PatchOption) error {
	text, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	return refused(bindings.ObjectPatchesMergePatch(ref.raw(), string(text), options(given)))
}

// JSON applies a JSON Patch: a list of operations.
func (Patch) JSON(ref Ref, operations any, given ...PatchOption) error {
	text, err := json.Marshal(operations)
	if err != nil {
		return err
	}
	return refused(bindings.ObjectPatchesJSONPatch(ref.raw(), string(text), options(given)))
}

// Jq replaces the object by what a jq filter makes of it.
func (Patch) Jq(ref Ref, filter string, given ...PatchOption) error {
	return refused(bindings.ObjectPatchesJqPatch(ref.raw(), filter, options(given)))
}
