// Package hookboxhttp is Go's own HTTP client for hooks: what is asked goes out by the host, as far as it was granted.
//
//	client := hookboxhttp.Client()
//	answer, err := client.Get("https://api.example.com/latest")
//
// A component that uses it is larger by what net/http brings; hookbox.HTTP does without.
package hookboxhttp

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	hookbox "github.com/hookbox/hookbox/sdk/go"
)

// Client is an http.Client that follows redirects as any other does: each is a request that has to be granted.
func Client() *http.Client { return &http.Client{Transport: Transport{}} }

// Transport sends requests by the host. The whole body of a request is read before it is sent, and an answer is there as a
// whole; a deadline of the request's context is kept.
type Transport struct{}

var ofTheConnection = []string{"host", "content-length", "transfer-encoding", "trailer"}

// Why there is no answer, for those who ask an error whether the time was over.
type refused struct{ error }

func (r refused) Unwrap() error { return r.error }

func (r refused) Timeout() bool { return hookbox.IsRefused(r.error, "timed-out") }

// RoundTrip sends one request.
func (Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body != nil {
		// What cannot be closed was read, or is not needed.
		defer func() { _ = request.Body.Close() }()
	}
	ctx := request.Context()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// A user in it is in the header Authorization by now.
	url := *request.URL
	url.User, url.Fragment = nil, ""
	asked := hookbox.Request{Method: request.Method, URL: url.String(), Header: map[string][]string{}}
	if request.Host != "" && request.Host != url.Host {
		return nil, fmt.Errorf("a request to %s cannot be for another host, %s", url.Host, request.Host)
	}
	for name, values := range request.Header {
		// As net/http does, which leaves out what the connection has to say.
		if name := strings.ToLower(name); !slices.Contains(ofTheConnection, name) {
			asked.Header[name] = values
		}
	}
	if request.Body != nil {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		asked.Body = body
	}
	if deadline, ok := ctx.Deadline(); ok {
		asked.Timeout = max(time.Until(deadline), time.Millisecond)
	}
	answer, err := hookbox.HTTP{}.Send(asked)
	if err != nil {
		return nil, refused{err}
	}
	header := http.Header{}
	for name, values := range answer.Header {
		for _, value := range values {
			header.Add(name, value)
		}
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", answer.Status, http.StatusText(answer.Status)), StatusCode: answer.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(answer.Body)), ContentLength: int64(len(answer.Body)),
		Request: request,
	}, nil
}
