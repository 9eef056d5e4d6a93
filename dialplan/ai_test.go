package dialplan

import (
	"maps"
	"testing"
)

func TestBotsAreToldWhatFitsInAHeader(t *testing.T) {
	f := BotFacts{Call: "c", Caller: "", Called: "+31201234567", Account: "7", Extension: "650\r\nX: y", Language: "nl"}
	want := map[string]string{"X-Callplane-Call": "c", "X-Callplane-Called": "+31201234567", "X-Callplane-Account": "7", "X-Callplane-Language": "nl"}
	if got := f.Headers(); !maps.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

func TestWhereABotMaySendACall(t *testing.T) {
	a := &Account{Country: NL, AreaCode: "20", ExtensionLength: 3, Extensions: map[string]*Extension{"101": {Number: "101", Config: &User{}}}}
	for target, ok := range map[string]bool{"101": true, "102": false, "0612345678": true, "+31612345678": true, "": false, "x": false, "sip:1@h": false} {
		if _, got := a.BotReturn(target); got != ok {
			t.Errorf("%q: %v", target, got)
		}
	}
}

func TestSIPAddress(t *testing.T) {
	for uri, ok := range map[string]bool{"sip:bot@bots.example": true, "sips:bot@192.0.2.1:5061": true, "sip:[2001:db8::1]:5060;transport=tcp": true, "sip:bots.example": true,
		"http://x": false, "sip:": false, "sip:a@b\r\nX: y": false, "sip:a b@c": false, "sip:a@b?X-H=1": false, "sip:a@b,sip:c@d": false, "sip:a@{b}": false} {
		if got := SIPAddress(uri); got != ok {
			t.Errorf("%q: %v", uri, got)
		}
	}
}

func TestMusicFor(t *testing.T) {
	a := &Account{HoldMusic: map[string][]string{"": {"a"}, "400": {"b", "c"}}}
	if len(a.MusicFor("400")) != 2 || a.MusicFor("401")[0] != "a" || (&Account{}).MusicFor("") != nil {
		t.Error("the wrong playlist")
	}
}
