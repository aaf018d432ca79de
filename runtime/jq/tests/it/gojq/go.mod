module github.com/hookbox/hookbox/runtime/jq/tests/gojq

go 1.23

require github.com/itchyny/gojq v0.12.17

require github.com/itchyny/timefmt-go v0.1.6 // indirect
