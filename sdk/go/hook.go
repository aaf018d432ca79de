package hookbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/hookbox/hookbox/sdk/go/internal/bindings"
)

// Hook is a function with what it is run for. What it has nothing of is left out.
type Hook struct {
	// Name, unique in the component: letters, digits, `-`, `_`, `.` and `/`.
	Name string
	// Config says what it is run for.
	Config Config
	// Run is called for its bindings.
	Run func(in *Input) error
	// Validate answers the reviews of Config.Validating.
	Validate func(review *Review) (Verdict, error)
	// Mutate answers the reviews of Config.Mutating.
	Mutate func(review *Review) (Verdict, error)
	// Convert converts one object between the versions of Config.Conversion.
	Convert func(from, to string, object json.RawMessage) (any, error)
}

var registered []*Hook

// Register makes a hook one of the component's. It is called before main, in an init function.
func Register(hook Hook) { registered = append(registered, &hook) }

func named(name string) (*Hook, error) {
	for _, hook := range registered {
		if hook.Name == name {
			return hook, nil
		}
	}
	return nil, NoRetry(fmt.Errorf("the component has no hook %q", name))
}

// Catch gives a panic of the hook back as its error. Where it happened is on standard error.
func catch(err *error) {
	if panicked := recover(); panicked != nil {
		fmt.Fprintf(os.Stderr, "panic: %v\n\n%s", panicked, debug.Stack())
		*err = fmt.Errorf("panic: %v", panicked)
	}
}

func init() {
	bindings.Exports.HooksDescribe = describe
	bindings.Exports.HooksRun = run
	bindings.Exports.FiltersFilter = filter
	bindings.Exports.AdmissionValidate = func(hook, binding, request string) answer {
		return admit(hook, binding, request, func(h *Hook) func(*Review) (Verdict, error) { return h.Validate }, false)
	}
	bindings.Exports.AdmissionMutate = func(hook, binding, request string) answer {
		return admit(hook, binding, request, func(h *Hook) func(*Review) (Verdict, error) { return h.Mutate }, true)
	}
	bindings.Exports.ConversionConvert = convert
}

func describe() []bindings.HooksHook {
	hooks := make([]bindings.HooksHook, 0, len(registered))
	for _, hook := range registered {
		config, err := json.Marshal(hook.Config.withSnapshots())
		if err != nil {
			panic(fmt.Sprintf("the configuration of the hook %q cannot be written: %v", hook.Name, err))
		}
		hooks = append(hooks, bindings.HooksHook{Name: hook.Name, Config: string(config)})
	}
	return hooks
}

func result[T any](value T, err error) bindings.Result[T, bindings.TypesError] {
	if err != nil {
		return bindings.Err[T](failure(err))
	}
	return bindings.OK[T, bindings.TypesError](value)
}

func run(name string, contexts []bindings.ContextsBindingContext) bindings.Result[struct{}, bindings.TypesError] {
	makeRoom()
	return result(struct{}{}, func() (err error) {
		defer catch(&err)
		hook, err := named(name)
		if err != nil {
			return err
		}
		if hook.Run == nil {
			return NoRetry(errors.New("the hook has no Run"))
		}
		in := input(name)
		defer in.end(contexts)
		for _, context := range contexts {
			in.Contexts = append(in.Contexts, Context{context, in})
		}
		return hook.Run(in)
	}())
}

// A call begins with a stack of a few KB, which is copied, frame by frame, each time that it is too small. Here there are
// few frames.
//
//go:noinline
func makeRoom() {
	var room [32 << 10]byte
	runtime.KeepAlive(&room)
}

func filter(name, binding string, objects []string) []bindings.Result[string, bindings.TypesError] {
	results := make([]bindings.Result[string, bindings.TypesError], len(objects))
	for i, object := range objects {
		results[i] = result(func() (text string, err error) {
			defer catch(&err)
			hook, err := named(name)
			if err != nil {
				return "", err
			}
			for _, of := range hook.Config.Kubernetes {
				if bindingName(of) != binding || of.Filter == nil {
					continue
				}
				filtered, err := of.Filter(json.RawMessage(object))
				if err != nil {
					return "", err
				}
				encoded, err := json.Marshal(filtered)
				return string(encoded), err
			}
			return "", fmt.Errorf("the binding %q has no Filter", binding)
		}())
	}
	return results
}

func bindingName(binding Kubernetes) string {
	if binding.Name == "" {
		return "kubernetes"
	}
	return binding.Name
}

type answer = bindings.Result[bindings.AdmissionResponse, bindings.TypesError]

func admit(name, binding, request string, of func(*Hook) func(*Review) (Verdict, error), mutates bool) answer {
	return result(func() (response bindings.AdmissionResponse, err error) {
		defer catch(&err)
		hook, err := named(name)
		if err != nil {
			return response, err
		}
		decide := of(hook)
		if decide == nil {
			return response, NoRetry(fmt.Errorf("the hook does not answer reviews of %q", binding))
		}
		review, err := review(name, binding, request)
		if err != nil {
			return response, err
		}
		defer review.end(nil)
		verdict, err := decide(review)
		if err != nil {
			return response, err
		}
		return verdict.raw(review.object, mutates)
	}())
}

func convert(name, binding, from, to string, objects []string) bindings.Result[[]string, bindings.TypesError] {
	return result(func() (converted []string, err error) {
		defer catch(&err)
		hook, err := named(name)
		if err != nil {
			return nil, err
		}
		if hook.Convert == nil {
			return nil, NoRetry(fmt.Errorf("the hook does not convert (%q)", binding))
		}
		for i, object := range objects {
			after, err := hook.Convert(from, to, json.RawMessage(object))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", nameOf(object, i), err)
			}
			text, err := json.Marshal(after)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", nameOf(object, i), err)
			}
			converted = append(converted, string(text))
		}
		return converted, nil
	}())
}

// The name of an object, or which one it is where it has none.
func nameOf(object string, at int) string {
	var of struct{ Metadata struct{ Name string } }
	if err := json.Unmarshal([]byte(object), &of); err != nil || of.Metadata.Name == "" {
		return fmt.Sprintf("object %d", at)
	}
	return of.Metadata.Name
}
