package hookboxhttp_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	hookbox "github.com/hookbox/hookbox/sdk/go"
	"github.com/hookbox/hookbox/sdk/go/hookboxhttp"
	"github.com/hookbox/hookbox/sdk/go/hookboxtest"
)

func TestTheClientOfTheLanguageAsksTheHost(t *testing.T) {
	hookboxtest.New(t).HTTP(func(request hookbox.Request) (*hookbox.Response, error) {
		switch {
		case request.URL == "http://a.example/old":
			return &hookbox.Response{Status: 302, Header: map[string][]string{"Location": {"/new"}}}, nil
		case request.Method == "POST":
			return &hookbox.Response{Status: 201, Body: request.Body, Header: request.Header}, nil
		case request.URL == "http://a.example/new":
			return &hookbox.Response{Status: 200, Body: []byte("new")}, nil
		}
		return nil, &hookbox.Refused{Code: "not-granted", Message: "no"}
	})
	client := hookboxhttp.Client()
	answer, err := client.Get("http://a.example/old")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil || string(body) != "new" || answer.Request.URL.Path != "/new" || answer.Status != "200 OK" {
		t.Errorf("%q %v %v", body, err, answer)
	}
	answer, err = client.Post("http://a.example/", "text/plain", strings.NewReader("hi"))
	if err != nil {
		t.Fatal(err)
	}
	body, err = io.ReadAll(answer.Body)
	if err != nil || string(body) != "hi" || answer.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("%q %v %v", body, err, answer.Header)
	}
	if _, err := client.Get("http://other.example/"); !hookbox.IsRefused(err, "not-granted") {
		t.Errorf("%v", err)
	}
	request, err := http.NewRequest("POST", "http://a.example/", strings.NewReader("hi"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Length", "2")
	request.Header.Set("X-Mine", "kept")
	answer, err = client.Do(request)
	if err != nil || answer.Header.Get("Content-Length") != "" || answer.Header.Get("X-Mine") != "kept" {
		t.Errorf("%v %v", answer, err)
	}
	request.Host = "other.example"
	if _, err := client.Do(request); err == nil || !strings.Contains(err.Error(), "cannot be for another host") {
		t.Errorf("%v", err)
	}
	hookboxtest.New(t).HTTP(func(hookbox.Request) (*hookbox.Response, error) {
		return nil, &hookbox.Refused{Code: "timed-out", Message: "it took too long"}
	})
	var late *url.Error
	if _, err := client.Get("http://a.example/new"); !errors.As(err, &late) || !late.Timeout() {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	cancel()
	request, err = http.NewRequestWithContext(ctx, "GET", "http://a.example/new", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Do(request); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
