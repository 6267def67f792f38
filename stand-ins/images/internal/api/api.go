// Package api is as much of a Kubernetes client as the kubelet stand-in needs.
package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"time"
)

// Object is a Kubernetes object as JSON has it.
type Object = map[string]any

// Client talks to one API server with one client certificate.
type Client struct {
	server string
	http   *http.Client
}

// Error is an answer of the API that is not a success.
type Error struct {
	Code    int
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("%d: %s", e.Code, e.Message) }

// NotFound tells whether err says that the object isn't there.
func NotFound(err error) bool {
	e, ok := err.(*Error)
	return ok && e.Code == http.StatusNotFound
}

// Load reads a kubeconfig as RKE writes it: one cluster, one user, files by path.
func Load(kubeconfig string) (*Client, error) {
	text, err := os.ReadFile(kubeconfig)
	if err != nil {
		return nil, err
	}
	field := func(name string) string {
		found := regexp.MustCompile(`(?m)^[\s-]*` + name + `:\s*"?([^"\s]+)"?\s*$`).FindSubmatch(text)
		if found == nil {
			return ""
		}
		return string(found[1])
	}
	for _, name := range []string{"server", "certificate-authority", "client-certificate", "client-key"} {
		if field(name) == "" {
			return nil, fmt.Errorf("%s: %s: must be given, is missing", kubeconfig, name)
		}
	}
	pair, err := tls.LoadX509KeyPair(field("client-certificate"), field("client-key"))
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(field("certificate-authority"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%s: must hold a certificate, holds none", field("certificate-authority"))
	}
	// A connection through the proxy stays with one API server; a new one each time finds one that lives.
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: pool}}
	return &Client{field("server"), &http.Client{Transport: transport}}, nil
}

// Do sends body (nil for none) and reads the answer, within 8 s.
func (c *Client) Do(method, path, contentType string, body any) (Object, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
	defer cancel()
	response, err := c.send(ctx, method, path, contentType, body)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var answer Object
	err = json.NewDecoder(response.Body).Decode(&answer)
	return answer, err
}

// Watch calls each for every event of a watch until it ends, at the latest after limit.
func (c *Client) Watch(path string, limit time.Duration, each func(kind string, object Object)) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	response, err := c.send(ctx, "GET", path, "", nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	decoder := json.NewDecoder(response.Body)
	for {
		var event struct {
			Type   string
			Object Object
		}
		if err := decoder.Decode(&event); err != nil {
			if err == io.EOF || ctx.Err() != nil {
				return nil
			}
			return err
		}
		each(event.Type, event.Object)
	}
}

func (c *Client) send(ctx context.Context, method, path, contentType string, body any) (*http.Response, error) {
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		reader = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.server+path, reader)
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode/100 != 2 {
		defer response.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(response.Body, 300))
		return nil, &Error{response.StatusCode, string(text)}
	}
	return response, nil
}

// At reads a nested field; nil where it isn't there.
func At(object any, path ...string) any {
	for _, key := range path {
		fields, ok := object.(Object)
		if !ok {
			return nil
		}
		object = fields[key]
	}
	return object
}

// Text reads a nested text; "" where it isn't there.
func Text(object any, path ...string) string {
	text, _ := At(object, path...).(string)
	return text
}
