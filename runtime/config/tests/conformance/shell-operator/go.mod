module github.com/hookbox/hookbox/runtime/config/tests/shell-operator

go 1.25.0

require github.com/flant/shell-operator v1.20.2

replace github.com/go-openapi/validate => github.com/flant/go-openapi-validate v0.19.12-flant.0
