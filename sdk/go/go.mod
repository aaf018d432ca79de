module github.com/hookbox/hookbox/sdk/go

go 1.24
