package hookbox

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hookbox/hookbox/sdk/go/internal/bindings"
)

// HTTP sends requests, as far as they were granted. An answer is an answer, whatever its status; redirects are not
// followed. Package hookboxhttp has the same as an http.Client, at the price of a component that is twice as large.
type HTTP struct{}

// Request is what is asked.
type Request struct {
	// Method is GET when left out.
	Method string
	// URL is the whole one.
	URL string
	// Header has the headers, each with its values.
	Header map[string][]string
	// Body is sent as it is; nil sends none.
	Body []byte
	// Timeout is how long the whole answer may take: one minute when left out, and at most.
	Timeout time.Duration
	// Limit is how many bytes the answer's body may have: 16 MiB when left out, and at most.
	Limit int
}

// Response is what was answered.
type Response struct {
	// Status is a number, such as 200.
	Status int
	// Header has the headers, their names in lower case, each with its values.
	Header map[string][]string
	// Body of the answer.
	Body []byte
}

// OK says whether the status is a success.
func (r *Response) OK() bool { return r.Status >= 200 && r.Status < 300 }

// JSON reads the body into `into`.
func (r *Response) JSON(into any) error { return json.Unmarshal(r.Body, into) }

// Get asks for a URL.
func (h HTTP) Get(url string) (*Response, error) { return h.Send(Request{URL: url}) }

// PostJSON sends a value as JSON.
func (h HTTP) PostJSON(url string, value any) (*Response, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	header := map[string][]string{"content-type": {"application/json"}}
	return h.Send(Request{Method: "POST", URL: url, Header: header, Body: body})
}

// Send sends a request, and waits for the whole answer. An error of the host is a *Refused: its code is `not-granted`,
// `invalid-argument`, `unreachable`, `timed-out`, `too-large` or `broken`.
func (HTTP) Send(request Request) (*Response, error) {
	raw := bindings.HTTPRequest{Method: request.Method, URL: request.URL}
	if raw.Method == "" {
		raw.Method = "GET"
	}
	for name, values := range request.Header {
		for _, value := range values {
			raw.Headers = append(raw.Headers, bindings.Pair[string, string]{First: name, Second: value})
		}
	}
	if request.Body != nil {
		raw.Body = bindings.Some(request.Body)
	}
	if request.Timeout > 0 {
		raw.Timeout = bindings.Some(uint64(request.Timeout.Milliseconds()))
	}
	if request.Limit > 0 {
		raw.Limit = bindings.Some(uint64(request.Limit))
	}
	answer := bindings.HTTPSend(raw)
	if answer.IsErr {
		url, _, _ := strings.Cut(request.URL, "?")
		return nil, fmt.Errorf("%s %s: %w", raw.Method, url, refused(answer))
	}
	header := map[string][]string{}
	for _, pair := range answer.OK.Headers {
		header[pair.First] = append(header[pair.First], pair.Second)
	}
	return &Response{Status: int(answer.OK.Status), Header: header, Body: answer.OK.Body}, nil
}
