package hookbox

import (
	"encoding/json"
	"iter"

	"github.com/hookbox/hookbox/sdk/go/internal/bindings"
)

// Cluster reads objects during a run, as far as it was granted. What is watched costs nothing to read; here each read is a
// request.
type Cluster struct{}

// Get reads an object into `into`, and says whether there is one.
func (Cluster) Get(ref Ref, into any) (bool, error) {
	found := bindings.ClusterGet(ref.APIVersion, ref.Kind, some(ref.Namespace), ref.Name)
	if found.IsErr {
		return false, refused(found)
	}
	return read(found.OK, into)
}

// Selection says which objects to list.
type Selection struct {
	// Namespace is empty for all of them, and for cluster-scoped objects.
	Namespace string
	// Labels as kubectl's `--selector` has it.
	Labels string
	// Fields as kubectl's `--field-selector` has it.
	Fields string
	// Page is how many objects are fetched at a time: 500 when left out, and at most.
	Page int
}

// List is the objects of a kind, page by page.
func (Cluster) List(apiVersion, kind string, which Selection) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		selection := bindings.ClusterSelection{
			Namespace: some(which.Namespace), LabelSelector: some(which.Labels), FieldSelector: some(which.Fields),
		}
		if which.Page > 0 {
			selection.Limit = bindings.Some(uint32(which.Page))
		}
		for {
			page := bindings.ClusterList(apiVersion, kind, selection)
			if page.IsErr {
				yield(nil, refused(page))
				return
			}
			for _, object := range page.OK.Objects {
				if !yield(json.RawMessage(object), nil) {
					return
				}
			}
			if !page.OK.Next.Some {
				return
			}
			selection.After = page.OK.Next
		}
	}
}
