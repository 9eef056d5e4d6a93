package freeswitch

import (
	"errors"
	"strings"
	"testing"
	"time"

	"callplane/controller/engine"
)

// split does what the engine's splitters do (separate_string_char_delim): quotes protect, one level of
// backslashes is taken off.
func split(s string, delim byte) []string {
	var all []string
	var cur strings.Builder
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`'"\nrts`+string(delim), s[i+1]) >= 0:
			i++
			switch s[i] {
			case 'n':
				cur.WriteByte('\n')
			case 'r':
				cur.WriteByte('\r')
			case 't':
				cur.WriteByte('\t')
			case 's':
				cur.WriteByte(' ')
			default:
				cur.WriteByte(s[i])
			}
		case s[i] == '\'' && (quoted || strings.IndexByte(s[i+1:], '\'') >= 0):
			quoted = !quoted
		case s[i] == delim && !quoted:
			all = append(all, cur.String())
			cur.Reset()
		default:
			cur.WriteByte(s[i])
		}
	}
	return append(all, cur.String())
}

func TestVarStringSurvivesTheSplitters(t *testing.T) {
	for _, value := range []string{"plain", "O'Brien", "'", "''", `back\slash`, `\`, `a\'b`, "Doe, John", "a=b", "two  spaces", `"quoted"`, `\s\n`, "Ķ 株",
		`' , = \ " `[:8] + "x"} {
		s := varString(map[string]string{"a": value, "b": "1"})
		args := split(s+"sofia/x &park()", ' ')
		if len(args) != 2 {
			t.Errorf("%q: %d arguments in %q", value, len(args), s)
			continue
		}
		inner, _, _ := strings.Cut(strings.TrimPrefix(args[0], "{"), "}")
		vars := split(inner, ',')
		if len(vars) != 2 {
			t.Errorf("%q: %d variables in %q", value, len(vars), inner)
			continue
		}
		if kv := split(vars[0], '='); len(kv) != 2 || kv[1] != value {
			t.Errorf("%q came out as %q", value, kv)
		}
	}
	if s := varString(map[string]string{"a": "x}sofia/evil{[${b}]"}); strings.Count(s, "}") != 1 || strings.Contains(s, "$") {
		t.Errorf("%s", s)
	}
}

func TestDialStringsTakeNoSyntax(t *testing.T) {
	for _, bad := range []string{"", "sip:a@b,loopback/x", "sip:a@b|x", "tel:123", "sip:a b@c", "sip:a@b&park()", "sip:a@b'", "{x=y}sip:a@b", "a@b", "sip:${x}@y"} {
		if plainURI(bad) {
			t.Errorf("%q passes", bad)
		}
	}
	for _, good := range []string{"sip:101@192.0.2.1:5060;transport=tcp;fs_path=sip%3A1", "sips:a@[2001:db8::1]:5061"} {
		if !plainURI(good) {
			t.Errorf("%q is refused", good)
		}
	}
}

func TestPlayArg(t *testing.T) {
	beep := engine.Source{Beep: &engine.Beep{Hz: 1000, Duration: 200 * time.Millisecond}}
	for name, c := range map[string]struct {
		p       engine.Playback
		arg     string
		endless bool
	}{
		"file":    {engine.Playback{ID: "p", Sources: []engine.Source{{File: "/a.wav"}}}, "/a.wav", false},
		"beep":    {engine.Playback{ID: "p", Sources: []engine.Source{beep}}, "tone_stream://%(200,0,1000)", false},
		"silence": {engine.Playback{ID: "p", Sources: []engine.Source{{Silence: time.Second}}}, "silence_stream://1000", false},
		"list":    {engine.Playback{ID: "p", Sources: []engine.Source{{File: "/a.wav"}, beep}}, "file_string:///a.wav!tone_stream://%(200,0,1000)", false},
		"tone":    {engine.Playback{ID: "p", Loop: true, Sources: []engine.Source{{Tone: engine.ToneBusy}}}, "tone_stream://%(500,500,425);loops=-1", true},
	} {
		arg, endless, err := playArg(c.p)
		if err != nil || arg != c.arg || endless != c.endless {
			t.Errorf("%s: %q %t %v", name, arg, endless, err)
		}
	}
	if arg, _, err := playArg(engine.Playback{ID: "p", Loop: true, Sources: []engine.Source{{File: "/a.wav"}}}); err != nil || strings.Count(arg, "/a.wav") != maxList {
		t.Errorf("%v %q", err, arg)
	}
	for _, p := range []engine.Playback{
		{ID: "p"},
		{Sources: []engine.Source{beep}},
		{ID: "p", Sources: []engine.Source{{}}},
		{ID: "p", Sources: []engine.Source{{File: "a.wav"}}},
		{ID: "p", Sources: []engine.Source{{File: "/a!b.wav"}}},
		{ID: "p", Sources: []engine.Source{{File: "/${api}.wav"}}},
		{ID: "p", Sources: []engine.Source{{File: "/a\n"}}},
		{ID: "p", Sources: []engine.Source{{File: "/a.wav", Silence: 1}}},
		{ID: "p", Sources: []engine.Source{{Tone: 77}}},
		{ID: "p", Sources: []engine.Source{{Beep: &engine.Beep{}}}},
		{ID: "p", Sources: make([]engine.Source, maxList+1)},
	} {
		if _, _, err := playArg(p); !errors.Is(err, engine.ErrInvalid) {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

func TestIdentities(t *testing.T) {
	for in, want := range map[string]engine.Identity{
		`"Alice" <sip:101@x>`:            {Number: "101", Name: "Alice"},
		`<sip:+31%2320@x;user=phone>`:    {Number: "+31#20"},
		`sip:101@x;tag=1`:                {Number: "101"},
		`"A \"B\" \\ C" <tel:+3120>`:     {Number: "+3120", Name: `A "B" \ C`},
		`Bob <sips:bob@x>;party=calling`: {Number: "bob", Name: "Bob"},
		`"<sip:evil@x>" <sip:good@y;lr>`: {Number: "good", Name: `"`},
	} {
		if got, ok := parseIdentity(in); !ok || got.Number != want.Number {
			t.Errorf("%s: %+v, want %+v", in, got, want)
		}
	}
	if _, ok := parseIdentity(""); ok {
		t.Error("an identity of nothing")
	}
}

func TestCheckpointEncoding(t *testing.T) {
	for _, v := range []string{strings.Repeat(`a{}[]",;'$&^\|=% `, 200), ".eyJ9", "eyJjIjoi-_0", ""} {
		enc, err := encodeCheckpoint(v)
		if err != nil || decodeCheckpoint(enc) != v {
			t.Errorf("%.20q: %q, %v", v, enc, err)
		}
	}
	for _, bad := range []string{"a\nb", "ķ", strings.Repeat("x", 4097)} {
		if _, err := encodeCheckpoint(bad); !errors.Is(err, engine.ErrInvalid) {
			t.Errorf("%.10q: %v", bad, err)
		}
	}
}

// What we send for a cause comes back as that cause.
func TestCausesRoundTrip(t *testing.T) {
	for c := engine.CauseNormal; c <= engine.CauseEngineLost; c++ {
		if _, responds := respondStatus(c); responds && c != engine.CauseAnsweredElsewhere {
			continue
		}
		back := causeOf(hangupCause(c))
		switch c {
		case engine.CauseTransferred:
			c, back = engine.CauseNormal, causeOf(hangupCause(engine.CauseTransferred))
			if back != c {
				t.Errorf("transferred came back as %s", back)
			}
			c = engine.CauseTransferred
		case engine.CauseUnauthorized:
			if back != engine.CauseForbidden {
				t.Errorf("%s came back as %s", c, back)
			}
		default:
			if back != c {
				t.Errorf("%s came back as %s", c, back)
			}
		}
	}
}

func TestOffered(t *testing.T) {
	sdp := "v=0\r\nm=audio 4000 RTP/AVP 96 9 8 101\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n"
	if got := strings.Join(offered(sdp), ","); got != "OPUS,G722,PCMA" {
		t.Error(got)
	}
	if got := preferred([]string{"G722"}); got != "G722,PCMA,PCMU,OPUS" {
		t.Error(got)
	}
}

func TestDialplanEscapes(t *testing.T) {
	x := dialplanXML(`a"b`, []action{{app: "respond", data: `503 <"&'>`}})
	if strings.Contains(x, `<"&`) || !strings.Contains(x, "&lt;") {
		t.Error(x)
	}
}

func TestTrunksAreChecked(t *testing.T) {
	good := engine.Trunk{Name: "carrier-1", Host: "sip.carrier.example", Transport: "tls", Username: "u", Password: `p&<"`[:2]}
	if err := checkTrunk(good); err != nil {
		t.Error(err)
	}
	for _, f := range []func(*engine.Trunk){
		func(t *engine.Trunk) { t.Name = "a b" }, func(t *engine.Trunk) { t.Name = "" }, func(t *engine.Trunk) { t.Host = "a;b" },
		func(t *engine.Trunk) { t.Host = "" }, func(t *engine.Trunk) { t.Transport = "sctp" }, func(t *engine.Trunk) { t.Password = "$${x}" },
		func(t *engine.Trunk) { t.Register, t.Username = true, "" },
	} {
		bad := good
		f(&bad)
		if err := checkTrunk(bad); !errors.Is(err, engine.ErrInvalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if x := gatewaysXML([]engine.Trunk{good}); !strings.Contains(x, `value="p&amp;"`) {
		t.Error(x)
	}
}
