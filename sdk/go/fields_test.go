package hookbox_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	hookbox "github.com/hookbox/hookbox/sdk/go"
	"github.com/hookbox/hookbox/sdk/go/hookboxtest"
)

type (
	meta struct {
		Name, Namespace string
		Labels          map[string]string `json:"labels,omitempty"`
		hidden          string
	}
	Kinded struct {
		APIVersion string `json:"apiVersion"`
		Kind       string
	}
	lower  struct{ Deep *meta }
	number int
	Number int
	whole  struct {
		Kinded
		*lower
		number
		Number
		Metadata   meta `json:"metadata"`
		Skipped    meta `json:"-"`
		Dash       int  `json:"-,"`
		Slash      int  `json:"a/b~c,string"`
		Containers []*struct{ Image string }
		Grid       [2][]struct{ X, Y any }
		At         time.Time
		Raw        json.RawMessage
		Bytes      []byte
		Anything   any
		Named      Kinded `json:"named"`
	}
	list struct {
		Name string
		Next *list
	}
	endless  []endless
	selfmade struct{ A struct{ B int } }
	texted   struct{ A int }
	made     struct {
		Self selfmade
		Text *texted
		C    struct{ D endless }
	}
	embeds struct{ selfmade }
	odd    struct{ In, Out struct{ Größe, Plain int } }
	quoted struct {
		In struct {
			A int `json:"a'b"`
		}
	}
	options struct {
		In struct {
			A map[string]int `json:",inline"`
		}
	}
	volumes struct {
		Volumes    []struct{ EmptyDir *struct{} }
		Containers []struct{}
		None       struct{ hidden int }
	}
	inlined struct {
		Kinded `json:",inline"`
		Name   string
	}
	wide struct {
		A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P int
	}
	wider struct{ A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P wide }
	most  struct {
		wider
		Q int
	}
)

func (s *selfmade) UnmarshalJSON(text []byte) error {
	s.A.B = len(text)
	return nil
}

func (t *texted) UnmarshalText(text []byte) error {
	t.A = len(text)
	return nil
}

func TestATypeSaysWhatIsReadOfObjects(t *testing.T) {
	check := func(paths []string, some bool, want string) {
		t.Helper()
		got := strings.Join(paths, " ")
		if !some {
			got = "all"
		}
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	of := func(paths []string, some bool) func(string) {
		return func(want string) { t.Helper(); check(paths, some, want) }
	}
	of(hookbox.FieldsOf[whole]())("/apiVersion /Kind /Deep/Name /Deep/Namespace /Deep/labels /Number" +
		" /metadata/Name /metadata/Namespace /metadata/labels /- /a~1b~0c /Containers/Image /Grid/X /Grid/Y" +
		" /At /Raw /Bytes /Anything /named/apiVersion /named/Kind")
	of(hookbox.FieldsOf[**pod]())("/Metadata/Name")
	of(hookbox.FieldsOf[list]())("/Name /Next/Name /Next/Next/Name /Next/Next/Next/Name /Next/Next/Next/Next/Name" +
		" /Next/Next/Next/Next/Next/Name /Next/Next/Next/Next/Next/Next/Name /Next/Next/Next/Next/Next/Next/Next/Name" +
		" /Next/Next/Next/Next/Next/Next/Next/Next")
	of(hookbox.FieldsOf[made]())("/Self /Text /C/D")
	of(hookbox.FieldsOf[odd]())("/In /Out")
	of(hookbox.FieldsOf[quoted]())("/In")
	of(hookbox.FieldsOf[options]())("/In")
	of(hookbox.FieldsOf[struct{}]())("all")
	of(hookbox.FieldsOf[volumes]())("/Volumes/EmptyDir /Containers /None")
	of(hookbox.FieldsOf[inlined]())("/apiVersion /Kind /Name")
	for _, all := range []func() ([]string, bool){
		hookbox.FieldsOf[any], hookbox.FieldsOf[map[string]pod], hookbox.FieldsOf[json.RawMessage], hookbox.FieldsOf[*selfmade],
		hookbox.FieldsOf[embeds], hookbox.FieldsOf[endless], hookbox.FieldsOf[string], hookbox.FieldsOf[most],
		hookbox.FieldsOf[struct{ Ä int }],
	} {
		of(all())("all")
	}
	paths, some := hookbox.FieldsOf[wider]()
	equal(t, fmt.Sprintln(len(paths), some), "256 true\n")
}

// Any value with keys that the types have, in any case, and others.
func document(random *rand.Rand, depth int) any {
	keys := []string{
		"name", "Namespace", "labels", "kind", "APIVERSION", "apiVersion", "deep", "number", "metadata", "Metadata", "skipped", "-",
		"a/b~c", "containers", "image", "grid", "x", "Y", "at", "raw", "bytes", "anything", "named", "next", "a", "B", "c", "d", "self",
		"text", "in", "größe", "GRÖSSE", "plain", "other", "ſelf", "\u212aind", "<a>", "hidden", "a'b", "q", "p",
	}
	switch kind := random.IntN(8); {
	case depth > 0 && kind < 5:
		fields := map[string]any{}
		for range random.IntN(12) {
			fields[keys[random.IntN(len(keys))]] = document(random, depth-1)
		}
		return fields
	case depth > 0 && kind == 5:
		items := make([]any, random.IntN(4))
		for i := range items {
			items[i] = document(random, depth-1)
		}
		return items
	case kind == 6:
		return nil
	case kind == 7:
		return json.Number("9007199254740993")
	}
	return []any{"text", "1", true, 1, 1.5, "2026-01-02T03:04:05Z", "aGk="}[random.IntN(7)]
}

// What Objects gives for an object is what decoding the whole of it gives.
func same[T any](t *testing.T, in *hookbox.Input, binding string, object string) (decoded int) {
	t.Helper()
	var want T
	wrong := json.Unmarshal([]byte(object), &want)
	got, err := hookbox.Objects[T](in, binding)
	if wrong != nil {
		if err == nil || !strings.HasSuffix(err.Error(), wrong.Error()) {
			t.Errorf("%s\nfails with  %v\ninstead of %v", object, err, wrong)
		}
		return 0
	}
	if err != nil || !reflect.DeepEqual(got, []T{want}) {
		t.Errorf("%s\ngives      %+v (%v)\ninstead of %+v", object, got, err, want)
	}
	return 1
}

func TestWhatIsLeftOfAnObjectDecodesAsTheWholeOfIt(t *testing.T) {
	host := hookboxtest.New(t)
	var objects []string
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 600 {
		text, err := json.Marshal(document(random, 1+i%4))
		must(t, err)
		objects = append(objects, string(text))
		host.Snapshot(fmt.Sprint(i), json.RawMessage(text))
	}
	var decoded [11]int
	act = func(in *hookbox.Input) error {
		for i, object := range objects {
			binding := fmt.Sprint(i)
			decoded[0] += same[whole](t, in, binding, object)
			decoded[1] += same[*whole](t, in, binding, object)
			decoded[2] += same[[]pod](t, in, binding, object)
			decoded[3] += same[list](t, in, binding, object)
			decoded[4] += same[made](t, in, binding, object)
			decoded[5] += same[embeds](t, in, binding, object)
			decoded[6] += same[odd](t, in, binding, object)
			decoded[7] += same[quoted](t, in, binding, object)
			decoded[8] += same[most](t, in, binding, object)
			decoded[9] += same[map[string]pod](t, in, binding, object)
			decoded[10] += same[any](t, in, binding, object)
		}
		return nil
	}
	_, err := host.Run("act")
	must(t, err)
	for i, times := range decoded {
		if times < 50 {
			t.Errorf("type %d decoded only %d objects", i, times)
		}
	}
}

func TestFieldsThatATypeHasNotAreNotRead(t *testing.T) {
	host := hookboxtest.New(t).Snapshot("pods", map[string]any{"kind": "Pod", "metadata": map[string]any{"name": "a", "uid": "u"}})
	act = func(in *hookbox.Input) error {
		type spy struct {
			Metadata struct{ Name json.RawMessage }
		}
		spied, err := hookbox.Objects[spy](in, "pods")
		equal(t, string(spied[0].Metadata.Name), `"a"`)
		return err
	}
	_, err := host.Run("act")
	must(t, err)
}
