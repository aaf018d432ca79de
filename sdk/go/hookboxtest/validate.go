package hookboxtest

import (
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/hookbox/hookbox/sdk/go/internal/bindings"
)

// What the real host refuses, this one refuses with the same code. tests/hosts/cases.json of the repository is played on both.

// Longest name of an object; longest label of one, and longest kind that is read.
const (
	longestName  = 253
	longestLabel = 63
)

var (
	metricName  = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
	labelName   = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
	versionWord = regexp.MustCompile(`^(?:[a-z0-9.-]+/)?[a-z0-9-]+$`)
	kindWord    = regexp.MustCompile(`^[a-zA-Z0-9-][a-zA-Z0-9.-]*$`)
	subresource = regexp.MustCompile(`^/?[a-z0-9-]{1,63}$`)
	readVersion = regexp.MustCompile(`^(?:[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*/)?[a-z0-9-]{1,63}$`)
	readKind    = regexp.MustCompile(`^[a-zA-Z0-9]{1,63}$`)
	readSpace   = regexp.MustCompile(`^[a-z0-9-]{1,63}$`)
	readName    = regexp.MustCompile(`^[!-~]+$`)
	httpToken   = regexp.MustCompile("^[a-zA-Z0-9!#$%&'*+.^_`|~-]+$")
	target      = regexp.MustCompile("^https?://(?:(\\[[0-9a-fA-F:.]*\\])|([a-zA-Z0-9._-]+))(?::([0-9]+))?(?:[/?][!#-;=?-\\[\\]_a-z~]*)?$")
	hostName    = regexp.MustCompile(`^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$`)
	hostNumber  = regexp.MustCompile(`(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$`)
	annotation  = regexp.MustCompile(`^[a-zA-Z0-9](?:[a-zA-Z0-9_.-]{0,61}[a-zA-Z0-9])?$`)
	// Headers that are the host's to write.
	ownHeaders = []string{
		"connection", "content-length", "expect", "host", "http2-settings", "keep-alive", "proxy-authenticate",
		"proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
	}
)

func no(code, format string, of ...any) *refusal {
	return &refusal{Code: code, Message: fmt.Sprintf(format, of...)}
}

// A name that becomes one part of an address.
func checkSegment(field, name string) *refusal {
	bad := strings.ContainsAny(name, "/%?#\\") || strings.ContainsFunc(name, func(c rune) bool {
		return unicode.IsControl(c) || unicode.IsSpace(c)
	})
	if name == "" || name == "." || name == ".." || bad || len(name) > longestName {
		return no("invalid-object", "%q is not a valid `%s`", name, field)
	}
	return nil
}

func checkType(version text, kind string) *refusal {
	if of := version.Value; version.Some && (len(of) > longestName || !versionWord.MatchString(of) || strings.Contains(of, "..")) {
		return no("invalid-object", "%q is not an apiVersion such as `apps/v1`", of)
	}
	if len(kind) > longestName || !kindWord.MatchString(kind) {
		return no("invalid-object", "%q is not a kind", kind)
	}
	return nil
}

// A manifest, and what it says of itself.
func checkManifest(object string, alwaysNew bool) (patch Patch, why *refusal) {
	tree, why := readJSON(object)
	if why != nil {
		return patch, why
	}
	fields, _ := tree.(map[string]any)
	version, _ := fields["apiVersion"].(string)
	kind, _ := fields["kind"].(string)
	if why := checkType(bindings.Some(version), kind); why != nil {
		return patch, why
	}
	metadata, isMap := fields["metadata"].(map[string]any)
	if !isMap {
		return patch, no("invalid-object", "the manifest has no `metadata`")
	}
	namespace, isText := metadata["namespace"].(string)
	if metadata["namespace"] != nil && !isText {
		return patch, no("invalid-object", "`metadata.namespace` is not a string")
	}
	if namespace != "" {
		if why := checkSegment("metadata.namespace", namespace); why != nil {
			return patch, why
		}
	}
	key := "name"
	if _, generated := metadata["generateName"]; generated && metadata["name"] == nil {
		if !alwaysNew {
			return patch, no("invalid-object", "`metadata.generateName` always makes a new object: use Create")
		}
		key = "generateName"
	}
	name, _ := metadata[key].(string)
	if why := checkSegment("metadata."+key, name); why != nil {
		return patch, why
	}
	patch = Patch{APIVersion: version, Kind: kind, Namespace: namespace}
	patch.Name, _ = metadata["name"].(string)
	return patch, nil
}

// A reference. What is empty counts as left out.
func checkRef(ref bindings.ObjectPatchesObjectRef) *refusal {
	if why := checkType(some(ref.APIVersion.Value), ref.Kind); why != nil {
		return why
	}
	if ref.Namespace.Value != "" {
		if why := checkSegment("namespace", ref.Namespace.Value); why != nil {
			return why
		}
	}
	return checkSegment("name", ref.Name)
}

// A patch of an object, with its options.
func checkPatch(operation, content string, options bindings.ObjectPatchesPatchOptions) *refusal {
	if of := options.Subresource.Value; of != "" && !subresource.MatchString(of) {
		return no("invalid-object", "%q is not the name of a subresource", of)
	}
	if operation == "JQPatch" {
		if strings.TrimSpace(content) == "" || len(content) > 64<<10 {
			return no("invalid-patch", "a jq filter is neither empty nor longer than 64 KiB")
		}
		return nil
	}
	tree, why := readJSON(content)
	if why != nil {
		return why
	}
	if operation == "MergePatch" {
		if _, isMap := tree.(map[string]any); !isMap {
			return no("invalid-patch", "a merge patch is a JSON object")
		}
		return nil
	}
	operations, isList := tree.([]any)
	if !isList {
		return no("invalid-patch", "a JSON patch is an array of operations")
	}
	for i, one := range operations {
		if what := operationFault(one); what != "" {
			return no("invalid-patch", "operation %d: %s", i, what)
		}
	}
	return nil
}

func operationFault(one any) string {
	fields, isMap := one.(map[string]any)
	if !isMap {
		return "not an object"
	}
	pointer := func(key string) string {
		path, isText := fields[key].(string)
		if _, ok := tokens(path); !isText || !ok {
			return "`" + key + "` is no JSON Pointer"
		}
		return ""
	}
	if what := pointer("path"); what != "" {
		return what
	}
	switch op, _ := fields["op"].(string); op {
	case "remove":
	case "add", "replace", "test":
		if _, there := fields["value"]; !there {
			return "`" + op + "` without `value`"
		}
	case "move", "copy":
		return pointer("from")
	default:
		return strconv.Quote(op) + " is none of add, remove, replace, move, copy, test"
	}
	return ""
}

// An operation on a metric.
func checkMetric(metric Metric, series []bindings.Pair[string, string], group text) *refusal {
	if metric.Action != "expire" {
		if why := checkSeries(metric, series); why != nil {
			return why
		}
	}
	if len(group.Value) > longestName || strings.ContainsFunc(group.Value, unicode.IsControl) {
		return no("invalid-metric", "%q is not the name of a group", group.Value)
	}
	return nil
}

func checkSeries(metric Metric, series []bindings.Pair[string, string]) *refusal {
	name := metric.Name
	switch {
	case len(name) > 256 || !metricName.MatchString(name):
		return no("invalid-metric", "%q is not the name of a metric", name)
	case math.IsNaN(metric.Value) || math.IsInf(metric.Value, 0):
		return no("invalid-metric", "%s: the value is not finite", name)
	case metric.Action == "add" && metric.Value < 0:
		return no("invalid-metric", "%s: a counter cannot go down", name)
	case len(series) > 64:
		return no("invalid-label", "%s: %d labels, at most 64 are allowed", name, len(series))
	}
	seen := map[string]bool{}
	for _, label := range series {
		reserved := strings.HasPrefix(label.First, "__") || metric.Action == "observe" && label.First == "le"
		switch {
		case reserved || len(label.First) > 256 || !labelName.MatchString(label.First):
			return no("invalid-label", "%s: %q is not the name of a label", name, label.First)
		case len(label.Second) > 4<<10:
			return no("invalid-label", "%s: label %s has %d bytes, at most 4096 are allowed", name, label.First, len(label.Second))
		case seen[label.First]:
			return no("invalid-label", "%s: label %s is there twice", name, label.First)
		}
		seen[label.First] = true
	}
	if metric.Action != "observe" {
		return nil
	}
	infinite := func(bound float64) bool { return math.IsNaN(bound) || math.IsInf(bound, 0) }
	if len(metric.Buckets) == 0 || len(metric.Buckets) > 200 || slices.ContainsFunc(metric.Buckets, infinite) {
		return no("invalid-buckets", "%s: buckets have 1 to 200 finite bounds", name)
	}
	return nil
}

// What a read of the cluster is about.
func checkRead(version, kind string, namespace text) *refusal {
	group, _, grouped := strings.Cut(version, "/")
	if !readVersion.MatchString(version) || grouped && len(group) > longestName {
		return no("invalid-argument", "%q is no group and version", version)
	}
	if !readKind.MatchString(kind) {
		return no("invalid-argument", "%q is no kind", kind)
	}
	if namespace.Some && !readSpace.MatchString(namespace.Value) {
		return no("invalid-argument", "%q is no namespace", namespace.Value)
	}
	return nil
}

func checkName(name string) *refusal {
	if len(name) > longestName || name == "." || name == ".." || !readName.MatchString(name) || strings.ContainsAny(name, "/%?#\\") {
		return no("invalid-argument", "%q is no name of an object", name)
	}
	return nil
}

func checkSelection(selection bindings.ClusterSelection) *refusal {
	for _, selector := range []text{selection.LabelSelector, selection.FieldSelector} {
		if len(selector.Value) > 4<<10 {
			return no("invalid-argument", "the selector has more than 4 KiB")
		}
	}
	if len(selection.After.Value) > 16<<10 {
		return no("invalid-argument", "this is no place to go on")
	}
	return nil
}

// A request over HTTP.
func checkRequest(request bindings.HTTPRequest) *refusal {
	if !httpToken.MatchString(request.Method) {
		return no("invalid-argument", "%q is no method", request.Method)
	}
	if len(request.URL) > 8<<10 {
		return no("invalid-argument", "the URL is longer than 8 KiB")
	}
	size := 0
	for _, header := range request.Headers {
		size += len(header.First) + len(header.Second)
	}
	if len(request.Headers) > 100 || size > 16<<10 {
		return no("invalid-argument", "the headers are more than 100, or have more than 16 KiB")
	}
	for _, header := range request.Headers {
		unsent := func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }
		switch {
		case !httpToken.MatchString(header.First):
			return no("invalid-argument", "%q is no name of a header", header.First)
		case slices.Contains(ownHeaders, strings.ToLower(header.First)):
			return no("invalid-argument", "the header %s is the host's to write", header.First)
		case strings.ContainsFunc(header.Second, unsent):
			return no("invalid-argument", "the header %s has a value that cannot be sent", header.First)
		}
	}
	// Nobody sends a fragment.
	url, _, _ := strings.Cut(request.URL, "#")
	parts := target.FindStringSubmatch(url)
	if parts == nil {
		return no("invalid-argument", "%q is no URL of HTTP", url)
	}
	address, name, port := parts[1], strings.ToLower(strings.TrimSuffix(parts[2], ".")), parts[3]
	if number, err := strconv.ParseUint(port, 10, 16); port != "" && (err != nil || number == 0) {
		return no("invalid-argument", "the port is no number between 1 and 65535: %q", url)
	}
	if address != "" {
		if _, err := netip.ParseAddr(strings.Trim(address, "[]")); err != nil {
			return no("invalid-argument", "the host is no IPv6 address: %q", url)
		}
		return nil
	}
	_, err := netip.ParseAddr(name)
	if len(name) > longestName || !hostName.MatchString(name) || hostNumber.MatchString(name) && err != nil {
		return no("invalid-argument", "the host is no name: %q", url)
	}
	return nil
}

// The answer to a review.
func checkAnswer(answer bindings.AdmissionResponse, mutates bool) *refusal {
	if len(answer.Warnings) > 100 || len(answer.AuditAnnotations) > 100 {
		return no("answer", "an answer has at most 100 warnings and 100 audit annotations")
	}
	for _, pair := range answer.AuditAnnotations {
		if !annotation.MatchString(pair.First) {
			return no("answer", "the audit annotation %q is not made of letters, digits, `-`, `_` and `.`, 63 at most", pair.First)
		}
	}
	if !answer.Patch.Some {
		return nil
	}
	if !mutates {
		return no("answer", "it has a patch, but a validating hook changes nothing")
	}
	tree, why := readJSON(answer.Patch.Value)
	if _, isList := tree.([]any); why != nil || !isList {
		return no("answer", "its patch is no JSON array")
	}
	return nil
}

// What was made of so many objects.
func checkConverted(objects []string, given int) *refusal {
	if len(objects) != given {
		return no("answer", "it gave %d objects for %d", len(objects), given)
	}
	for i, object := range objects {
		tree, why := readJSON(object)
		if _, isMap := tree.(map[string]any); why != nil || !isMap {
			return no("answer", "object %d is not a JSON object", i)
		}
	}
	return nil
}
