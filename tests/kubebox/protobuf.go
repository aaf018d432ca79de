package main

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/scheme"
)

// protobuf-types prints runtime/cluster/data/protobuf.txt: how kubectl writes objects of built-in kinds as protobuf,
// taken from the tags of their Go types. runtime/cluster/src/protobuf/types.rs says how to read it.
func init() { programs["protobuf-types"] = printProtobufTypes }

var (
	stable  = regexp.MustCompile(`^v[0-9]+$`)
	special = map[reflect.Type]string{
		reflect.TypeFor[metav1.Time]():          "t",
		reflect.TypeFor[metav1.MicroTime]():     "u",
		reflect.TypeFor[resource.Quantity]():    "q",
		reflect.TypeFor[intstr.IntOrString]():   "x",
		reflect.TypeFor[metav1.FieldsV1]():      "r",
		reflect.TypeFor[runtime.RawExtension](): "r",
	}
	scalars = map[reflect.Kind]string{
		reflect.String: "s", reflect.Bool: "b", reflect.Float64: "n", reflect.Float32: "n",
		reflect.Int32: "i", reflect.Int64: "i", reflect.Int: "i", reflect.Uint32: "i", reflect.Uint8: "i",
	}
)

type protobufTypes struct {
	lines map[string][]string
}

func printProtobufTypes() {
	types := protobufTypes{lines: map[string][]string{}}
	var roots []string
	add := func(kind schema.GroupVersionKind, t reflect.Type) {
		version, name := kind.ToAPIVersionAndKind()
		roots = append(roots, fmt.Sprintf("K %s %s %s", version, name, types.of(t)))
	}
	for kind, t := range scheme.Scheme.AllKnownTypes() {
		_, list := t.FieldByName("Items")
		_, object := t.FieldByName("ObjectMeta")
		if stable.MatchString(kind.Version) && object && !list {
			add(kind, t)
		}
	}
	// Of every group; once is enough.
	add(schema.GroupVersionKind{Version: "*", Kind: "DeleteOptions"}, reflect.TypeFor[metav1.DeleteOptions]())
	slices.Sort(roots)
	for _, root := range roots {
		fmt.Println(root)
	}
	names := make([]string, 0, len(types.lines))
	for name := range types.lines {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Println("T " + name)
		for _, line := range types.lines[name] {
			fmt.Println(line)
		}
	}
}

// of names a type, and adds what it is made of.
func (types protobufTypes) of(t reflect.Type) string {
	if letter, ok := special[t]; ok {
		return letter
	}
	switch t.Kind() {
	case reflect.Pointer:
		return types.of(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "y"
		}
		// A list that is a message of its own, such as the extra fields of a user.
		if _, message := t.MethodByName("Marshal"); message {
			return "e"
		}
		return "[" + types.of(t.Elem()) + "]"
	case reflect.Map:
		return "{" + types.of(t.Elem()) + "}"
	case reflect.Struct:
		return "@" + types.message(t)
	}
	letter, ok := scalars[t.Kind()]
	if !ok {
		panic("no letter for " + t.String())
	}
	return letter
}

func (types protobufTypes) message(t reflect.Type) string {
	path := strings.Split(t.PkgPath(), "/")
	name := strings.Join(append(path[len(path)-2:], t.Name()), ".")
	if _, ok := types.lines[name]; ok {
		return name
	}
	types.lines[name] = nil // a type may hold itself
	var lines []string
	for i := range t.NumField() {
		field := t.Field(i)
		protobuf := strings.Split(field.Tag.Get("protobuf"), ",")
		json := strings.Split(field.Tag.Get("json"), ",")
		if len(protobuf) < 2 || json[0] == "-" {
			continue // kind and apiVersion, which stand outside
		}
		key := json[0]
		if key == "" {
			key = "." // its fields are those of the type around it
		}
		optional := ""
		if slices.Contains(json, "omitempty") && field.Type.Kind() != reflect.Pointer && field.Type.Kind() != reflect.Struct {
			optional = "?"
		}
		lines = append(lines, fmt.Sprintf("%s %s %s%s", protobuf[1], key, types.of(field.Type), optional))
	}
	types.lines[name] = lines
	return name
}
