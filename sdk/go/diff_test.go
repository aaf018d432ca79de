package hookbox

import "testing"

func TestANumberThatWasOnlyRoundedIsNoChange(t *testing.T) {
	before := `{"big": 9007199254740993, "one": 1.0, "list": [1]}`
	for after, wanted := range map[string]string{
		`{"big": 9007199254740992, "one": 1, "list": [1]}`: "[]",
		`{"big": 9007199254740993, "one": 2, "list": [1]}`: `[{"op":"replace","path":"/one","value":2}]`,
	} {
		got, err := difference([]byte(before), []byte(after))
		if err != nil || got != wanted {
			t.Errorf("%s: %s %v", after, got, err)
		}
	}
}
