package hookbox

import (
	"encoding/json"

	"github.com/hookbox/hookbox/sdk/go/internal/bindings"
)

// Review is a request that a webhook is asked about.
type Review struct {
	*Input
	// Binding is the webhook's name.
	Binding string
	// Request as it came: the `request` of an AdmissionReview v1.
	Request json.RawMessage
	// Operation is CREATE, UPDATE, DELETE or CONNECT.
	Operation string
	// Name and Namespace of the object.
	Name, Namespace string
	// DryRun says whether nothing will be kept of it.
	DryRun bool
	// User is who makes the request.
	User User

	object, oldObject json.RawMessage
}

// Object reads the object as it is to be into `into`, and says whether there is one.
func (r *Review) Object(into any) (bool, error) { return readRaw(r.object, into) }

// OldObject reads the object as it was into `into`, and says whether there was one.
func (r *Review) OldObject(into any) (bool, error) { return readRaw(r.oldObject, into) }

func readRaw(text json.RawMessage, into any) (bool, error) {
	if len(text) == 0 || string(text) == "null" {
		return false, nil
	}
	return true, json.Unmarshal(text, into)
}

// User is who makes a request.
type User struct {
	// Username such as system:serviceaccount:default:builder.
	Username string
	// UID tells users of the same name apart, over time.
	UID string
	// Groups that the user is in.
	Groups []string
	// Extra is what else the API server knows of the user.
	Extra map[string][]string
}

func review(hook, binding, request string) (*Review, error) {
	var fields struct {
		Operation, Name, Namespace string
		DryRun                     bool
		Object, OldObject          json.RawMessage
		UserInfo                   User
	}
	if err := json.Unmarshal([]byte(request), &fields); err != nil {
		return nil, err
	}
	return &Review{
		Input: input(hook), Binding: binding, Request: json.RawMessage(request),
		Operation: fields.Operation, Name: fields.Name, Namespace: fields.Namespace, DryRun: fields.DryRun,
		User:   fields.UserInfo,
		object: fields.Object, oldObject: fields.OldObject,
	}, nil
}

// Verdict is the answer to a review.
type Verdict struct {
	// Allowed says whether the request may go on.
	Allowed bool
	// Message says why not, to the person who made the request.
	Message string
	// Warnings are shown to that person in any case.
	Warnings []string
	// Audit is for the API server's audit log.
	Audit map[string]string
	// Object is what the object becomes; for Mutate only. Nil leaves it as it is.
	Object any
}

// Allow lets a request go on.
func Allow(warnings ...string) Verdict { return Verdict{Allowed: true, Warnings: warnings} }

// Deny refuses a request.
func Deny(message string) Verdict { return Verdict{Message: message} }

// Change lets a request go on with another object.
func Change(object any) Verdict { return Verdict{Allowed: true, Object: object} }

func (v Verdict) raw(before json.RawMessage, mutates bool) (bindings.AdmissionResponse, error) {
	answer := bindings.AdmissionResponse{
		Allowed: v.Allowed, Message: some(v.Message), Warnings: v.Warnings,
		AuditAnnotations: Labels(v.Audit).raw(),
	}
	if mutates && v.Object != nil {
		after, err := json.Marshal(v.Object)
		if err != nil {
			return answer, err
		}
		patch, err := difference(before, after)
		if err != nil {
			return answer, err
		}
		if patch != "[]" {
			answer.Patch = bindings.Some(patch)
		}
	}
	return answer, nil
}
