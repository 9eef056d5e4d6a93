package provisioning

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestAsteriskRealtime(t *testing.T) {
	for _, tc := range []struct {
		path, form string
		want       []string // parts of the answer; none: empty
		why        Reason
	}{
		{"/endpoint/single", "id=alice%40" + domain, []string{"id=alice@" + domain, "media_encryption_optimistic=yes"}, ""},
		{"/endpoint/single", "id=secure%40" + domain, []string{"media_encryption_optimistic=no"}, ""},
		{"/auth/single", "id=alice%40" + domain, []string{"username=alice", "password=s3cret", "realm=" + domain}, ""},
		{"/auth/single", "id=" + url.QueryEscape(`a<"&'>b@`+domain), []string{`password=p%3C%22%26`}, ""},
		{"/aor/single", "id=alice%40" + domain, []string{"max_contacts=10"}, ""},
		{"/endpoint/single", "id=off%40" + domain, nil, ReasonChannelDisabled},
		{"/endpoint/single", "id=suspended-1%40" + domain, nil, ReasonAccountDisabled},
		{"/endpoint/single", "id=nobody%40" + domain, nil, ReasonUnknown},
		{"/endpoint/single", "id=alice%40evil.example", nil, ReasonWrongDomain},
		{"/endpoint/single", "id=alice", nil, ""},
		{"/endpoint/single", "id=%40", nil, ReasonMalformed},
		{"/endpoint/single", "id=alice%40" + domain + "&id=off%40" + domain, nil, ReasonMalformed},
		{"/endpoint/single", "id%20LIKE=%25", nil, ReasonMalformed},
		{"/endpoint/single", "id=%zz", nil, ReasonMalformed},
		{"/auth/single", "id=off%40" + domain, nil, ""},
		{"/auth/multi", "id%20LIKE=%25", nil, ""},
		{"/endpoint/require", "id=char", nil, ""},
	} {
		var got Reason
		h := &Asterisk{Lookup: directory(), Domain: domain, Refused: func(r Refusal) { got = r.Reason }}
		r := httptest.NewRequest(http.MethodPost, tc.path, strings.NewReader(tc.form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 200 || got != tc.why || (len(tc.want) == 0) != (w.Body.Len() == 0) {
			t.Errorf("%s %s: %d %q %s", tc.path, tc.form, w.Code, w.Body, got)
		}
		for _, part := range tc.want {
			if !strings.Contains(w.Body.String(), part) {
				t.Errorf("%s %s: %q lacks %q", tc.path, tc.form, w.Body, part)
			}
		}
	}
	for _, r := range []*http.Request{
		httptest.NewRequest(http.MethodGet, "/endpoint/single?id=alice%40"+domain, nil),
		httptest.NewRequest(http.MethodPost, "/contact/single", strings.NewReader("id=alice")),
	} {
		w := httptest.NewRecorder()
		(&Asterisk{Lookup: directory()}).ServeHTTP(w, r)
		if w.Code < 400 {
			t.Errorf("%s %s: %d", r.Method, r.URL, w.Code)
		}
	}
}
