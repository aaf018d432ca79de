package hookbox_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	hookbox "github.com/hookbox/hookbox/sdk/go"
)

type (
	port   uint8
	phase  string
	simple struct {
		Name, Kind string
		Number     int8
		Anything   *float32 `json:"ANYTHING,omitempty"`
		At         []phase
		Labels     map[string]string
		Raw        map[string]*simple
		X          bool
		Y          port
		A          []simple
		B          [2]int
		C          any
		D          map[phase]int
		Self       texted
		Text       json.RawMessage
		In         struct{ A, B *int64 }
		Plain      float64
		hidden     int
		Skipped    string `json:"-"`
	}
)

// What decoding gives is what encoding/json gives, also into what is not empty.
func alike[T any](t *testing.T, text string, first string) {
	t.Helper()
	var got, want T
	if first != "" {
		_ = json.Unmarshal([]byte(first), &got)
		_ = json.Unmarshal([]byte(first), &want)
	}
	wrong := json.Unmarshal([]byte(text), &want)
	err := hookbox.Unmarshal(text, &got)
	if fmt.Sprint(err) != fmt.Sprint(wrong) || !reflect.DeepEqual(got, want) {
		t.Errorf("%s\ngives      %+v (%v)\ninstead of %+v (%v)", text, got, err, want, wrong)
	}
}

func TestDecodingIsThatOfEncodingJSON(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	before := ""
	for range 4000 {
		value := document(random, 4)
		bytes, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		text := string(bytes)
		if random.IntN(4) == 0 {
			bytes, _ = json.MarshalIndent(value, " ", "\t")
			text = string(bytes)
		}
		alike[simple](t, text, "")
		alike[simple](t, text, before)
		alike[map[string]simple](t, text, "")
		alike[[]map[string]int](t, text, "")
		alike[*whole](t, text, "")
		alike[any](t, text, "")
		before = text
	}
}

func TestEdgesAreThoseOfEncodingJSON(t *testing.T) {
	for _, value := range []string{
		`null`, `true`, `false`, `0`, `-0`, `-1`, `127`, `128`, `255`, `256`, `1.0`, `1e2`, `9007199254740993`, `1e999`, `""`, `"a"`, `"\u0041"`,
		`"\ud800"`, `"é"`, `"a\"b"`, `[]`, `[null]`, `[1,2,3]`, `["a","b"]`, `{}`, `{"a":1}`, `{"a":"b","a":"c"}`, `{"A":1,"a":2}`, `{"a":null}`,
		`{"\u0061":1}`, `[[],{}]`, ` [ 1 , 2 ] `, `{"a":{"a":{"b":[{"c":"}"}]}}}`,
	} {
		for _, key := range []string{
			"name", "Number", "ANYTHING", "at", "labels", "raw", "x", "y", "a", "b", "c", "d", "self", "text", "in", "plain", "hidden",
			"skipped", "-", "other", "\u212aind", "ſelf", `na\u006de`,
		} {
			alike[simple](t, fmt.Sprintf(`{"%s":%s}`, key, value), "")
			alike[simple](t, fmt.Sprintf(` { "kind" : "k", "%s" : %s , "name":"n" } `, key, value), "")
			alike[simple](t, fmt.Sprintf(`{"name":"n","%s":%s,"kind":"k","NAME":"m"}`, key, value), "")
		}
		alike[simple](t, value, "")
		alike[string](t, value, "")
		alike[*port](t, value, "")
		alike[[]phase](t, value, "")
		alike[map[string]any](t, value, "")
	}
}

func TestWhatIsPlainNeedsNoEncodingJSON(t *testing.T) {
	var one simple
	text := `{"name":"n","kind":"é","number":-3,"labels":{"a":"b"},"a":[{"name":"m"}],"raw":{"x":null},"other":{"y":[1,"]"]},"in":{"b":5}}`
	if !hookbox.IsPlain(text, &one) || one.Labels["a"] != "b" || one.A[0].Name != "m" || *one.In.B != 5 {
		t.Errorf("%+v", one)
	}
}

func BenchmarkDecode(b *testing.B) {
	text := `{"metadata":{"name":"shop-00001","namespace":"default","labels":{"app":"web","seen":"yes"}},"spec":{"nodeName":"node-1"},"status":{"phase":"Running"}}`
	type pod struct {
		Metadata struct {
			Name, Namespace string
			Labels          map[string]string
		}
		Spec   struct{ NodeName string }
		Status struct{ Phase string }
	}
	b.Run("here", func(b *testing.B) {
		for b.Loop() {
			var one pod
			_ = hookbox.Unmarshal(text, &one)
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		for b.Loop() {
			var one pod
			_ = json.Unmarshal([]byte(text), &one)
		}
	})
}
