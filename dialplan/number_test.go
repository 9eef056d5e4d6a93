package dialplan

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"
)

func TestNormalize(t *testing.T) {
	type want struct {
		kind   NumberKind
		typ    NumberType
		number string // E.164, else national
		area   string
	}
	tests := []struct {
		c      Country
		area   string
		dialed []string
		want   want
	}{
		// The many spellings of one number.
		{NL, "20", []string{"0201234567", "020-123 45 67", "(020) 1234567", "020.1234.567", "+31201234567", "+31 (0)20 123 45 67",
			"0031201234567", "0031 0201234567", "1234567", "123 45 67", "020/1234567", "020\u00a0123\u20114567"},
			want{NumberNational, TypeFixed, "+31201234567", "20"}},
		{NL, "020", []string{"1234567"}, want{NumberNational, TypeFixed, "+31201234567", "20"}},
		{NL, "251", []string{"234567", "0251 234567"}, want{NumberNational, TypeFixed, "+31251234567", "251"}},
		{NL, "", []string{"0612345678", "+31 6 12345678"}, want{NumberNational, TypeMobile, "+31612345678", ""}},
		{NL, "", []string{"088-1234567"}, want{NumberNational, TypeOther, "+31881234567", ""}},
		{DE, "30", []string{"030 123456", "123456", "+49 30 123456", "0049 30 123456", "+49 (0) 30 / 123456"}, want{NumberNational, TypeFixed, "+4930123456", "30"}},
		{DE, "", []string{"0151 23456789", "+4915123456789"}, want{NumberNational, TypeMobile, "+4915123456789", ""}},
		{ES, "", []string{"912 34 56 78", "+34 912 345 678", "0034912345678"}, want{NumberNational, TypeFixed, "+34912345678", "91"}},
		{ES, "", []string{"612345678"}, want{NumberNational, TypeMobile, "+34612345678", ""}},
		{LV, "", []string{"67123456", "+371 67123456", "0037167123456"}, want{NumberNational, TypeFixed, "+37167123456", ""}},
		{LV, "", []string{"29123456"}, want{NumberNational, TypeMobile, "+37129123456", ""}},
		// Abroad.
		{NL, "20", []string{"+49 30 123456", "0049 30 123456"}, want{NumberInternational, TypeFixed, "+4930123456", ""}},
		{ES, "", []string{"+31 20 123 4567", "0031201234567"}, want{NumberInternational, TypeFixed, "+31201234567", ""}},
		{DE, "30", []string{"+1 202 555 0123", "0012025550123"}, want{NumberInternational, TypeFixedOrMobile, "+12025550123", ""}},
		{LV, "", []string{"+39 06 698 12345"}, want{NumberInternational, TypeFixed, "+390669812345", ""}},
		// Service numbers stay as they are dialled in the country.
		{NL, "20", []string{"0800-2000", "0800 2000", "+31 800 2000", "0031 800 2000"}, want{NumberService, TypeFree, "08002000", ""}},
		{NL, "20", []string{"0900 1234", "+319001234"}, want{NumberService, TypePremium, "09001234", ""}},
		{DE, "30", []string{"0800 1234567", "+498001234567"}, want{NumberService, TypeFree, "08001234567", ""}},
		{DE, "30", []string{"0180 2 12345"}, want{NumberService, TypeShared, "0180212345", ""}},
		{DE, "30", []string{"0900 1 234567"}, want{NumberService, TypePremium, "09001234567", ""}},
		{ES, "", []string{"900 123 456", "+34 900 123 456"}, want{NumberService, TypeFree, "900123456", ""}},
		{ES, "", []string{"902 12 34 56"}, want{NumberService, TypeShared, "902123456", ""}},
		{ES, "", []string{"803123456"}, want{NumberService, TypePremium, "803123456", ""}},
		{LV, "", []string{"80001234", "+37180001234"}, want{NumberService, TypeFree, "80001234", ""}},
		{LV, "", []string{"90001234"}, want{NumberService, TypePremium, "90001234", ""}},
		// Short codes.
		{NL, "20", []string{"14020", "14 020", "+31 14 020"}, want{NumberShort, TypeOther, "14020", ""}},
		{NL, "20", []string{"116123", "116 123"}, want{NumberShort, TypeOther, "116123", ""}},
		{NL, "20", []string{"140251"}, want{NumberShort, TypeOther, "140251", ""}},
		{DE, "30", []string{"116117"}, want{NumberShort, TypeOther, "116117", ""}},
		{DE, "30", []string{"115"}, want{NumberShort, TypeOther, "115", ""}},
		{DE, "30", []string{"11833", "118 33"}, want{NumberShort, TypeOther, "11833", ""}},
		{ES, "", []string{"016", "+34 016"}, want{NumberShort, TypeOther, "016", ""}},
		{ES, "", []string{"11888"}, want{NumberShort, TypeOther, "11888", ""}},
		{LV, "", []string{"1188"}, want{NumberShort, TypeOther, "1188", ""}},
		{LV, "", []string{"116111"}, want{NumberShort, TypeOther, "116111", ""}},
	}
	for _, tt := range tests {
		for _, in := range tt.dialed {
			d, err := Normalize(in, tt.c, tt.area)
			if err != nil {
				t.Errorf("%s %q: %v", tt.c, in, err)
				continue
			}
			if got := (want{d.Kind, d.Type, d.Number(), d.AreaCode}); got != tt.want {
				t.Errorf("%s %q = %+v, want %+v", tt.c, in, got, tt.want)
			}
			if first, _ := Normalize(tt.dialed[0], tt.c, tt.area); d != first {
				t.Errorf("%s: %q and %q are one number but give %+v and %+v", tt.c, tt.dialed[0], in, first, d)
			}
		}
	}
}

func TestNormalizeDisplay(t *testing.T) {
	tests := []struct {
		c              Country
		in, disp, wire string
	}{
		{NL, "+31201234567", "020 123 4567", "0201234567"},
		{NL, "08002000", "0800 2000", "08002000"},
		{NL, "14020", "14 020", "14020"},
		{ES, "912345678", "912 34 56 78", "912345678"},
		{DE, "+31201234567", "+31 20 123 4567", "0031201234567"},
		{LV, "112", "112", "112"},
	}
	for _, tt := range tests {
		d, err := Normalize(tt.in, tt.c, "")
		if err != nil || d.Display != tt.disp || d.National != tt.wire {
			t.Errorf("%s %q: display %q, national %q, %v; want %q, %q", tt.c, tt.in, d.Display, d.National, err, tt.disp, tt.wire)
		}
	}
}

// Whatever one does before an emergency number, it stays one.
func TestEmergencyNumbersStayEmergencyNumbers(t *testing.T) {
	area := map[Country]string{NL: "20", DE: "30"}
	for _, c := range []Country{NL, DE, ES, LV} {
		r, err := c.Rules()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range r.Emergency {
			spellings := []string{e, " " + e + " ", e[:1] + "-" + e[1:], "+" + e, "00" + e, "+" + r.Prefix + e, "00" + r.Prefix + " " + e}
			if e[0] != '0' {
				spellings = append(spellings, "0"+e)
			}
			if a := area[c]; a != "" {
				spellings = append(spellings, "0"+a+e, "+"+r.Prefix+a+e, "00"+r.Prefix+"(0)"+a+e)
			}
			for _, s := range spellings {
				d, err := Normalize(s, c, area[c])
				if err != nil || d.Kind != NumberEmergency || d.National != e || d.E164 != "" || d.AreaCode != area[c] {
					t.Errorf("%s %q = %+v, %v; want emergency %s", c, s, d, err, e)
				}
			}
		}
	}
	// Behind the area code of another place it is an emergency call as well.
	for in, c := range map[string]Country{"010112": NL, "0251112": NL, "089110": DE, "0221112": DE} {
		if d, err := Normalize(in, c, area[c]); err != nil || d.Kind != NumberEmergency {
			t.Errorf("%s %q = %+v, %v; want an emergency call", c, in, d, err)
		}
	}
	// But not these.
	for in, c := range map[string]Country{
		"0091": ES, "0061": ES, "911": ES, "1122": NL, "0800112": NL, "30112": DE, "0201123456": NL, "+49301124567": DE, "1120": LV, "+31112000000": NL,
	} {
		if d, _ := Normalize(in, c, area[c]); d.Kind == NumberEmergency {
			t.Errorf("%s %q became the emergency number %s", c, in, d.National)
		}
	}
}

func TestNormalizeRefuses(t *testing.T) {
	tests := []struct {
		c        Country
		in, area string
		want     NumberReason
	}{
		{NL, "", "", NumberEmpty},
		{NL, "  - ", "", NumberEmpty},
		{NL, "+", "", NumberEmpty},
		{NL, strings.Repeat("1", 200), "", NumberTooLong},
		{NL, "+" + strings.Repeat("3", 25), "", NumberTooLong},
		{NL, "0800-FLOWERS", "", NumberCharacter},
		{NL, "٠٢٠١٢٣٤٥٦٧", "", NumberCharacter},
		{NL, "０２０１２３４５６７", "", NumberCharacter},
		{NL, "020\x00123", "", NumberCharacter},
		{NL, "\xff\xfe", "", NumberCharacter},
		{NL, "++31201234567", "", NumberCharacter},
		{NL, "31+201234567", "", NumberCharacter},
		{NL, "020,1234567", "", NumberCharacter},
		{NL, "*6", "", NumberCode},
		{NL, "#31#0201234567", "", NumberCode},
		{NL, "+999 123456", "", NumberPrefix},
		{NL, "000 123456", "", NumberPrefix},
		{NL, "020123456", "", NumberTooShort},
		{NL, "02012345678", "", NumberTooLong},
		{NL, "1234567", "", NumberNoAreaCode},
		{NL, "1234567", "Amsterdam", NumberNoAreaCode},
		{NL, "123", "20", NumberTooShort},
		{NL, "+31", "", NumberTooShort},
		{NL, "0", "", NumberTooShort},
		{NL, "0800 12", "", NumberUnassigned},
		{NL, "0900-12345678", "", NumberUnassigned},
		{ES, "0912345678", "", NumberTooLong},
		{ES, "012345678", "", NumberUnassigned},
		{ES, "+34", "", NumberTooShort},
		{LV, "671234567", "", NumberTooLong},
		{DE, "+49", "30", NumberTooShort},
		{NL, "+4930", "", NumberTooShort},
	}
	for _, tt := range tests {
		d, err := Normalize(tt.in, tt.c, tt.area)
		if ReasonOf(err) != tt.want || d != (Dialed{}) {
			t.Errorf("%s %q = %+v, %v; want: %s", tt.c, tt.in, d, err, tt.want)
		}
		var ne *NumberError
		if errors.As(err, &ne) && (len(ne.Error()) > 250 || !utf8.ValidString(ne.Error())) {
			t.Errorf("error text of %q is not fit to print: %q", tt.in, ne.Error())
		}
	}
	if _, err := Normalize("112", "XX", ""); err == nil || ReasonOf(err) != "" {
		t.Errorf("unknown country: %v", err)
	}
}

func TestFormatForCarriers(t *testing.T) {
	tests := []struct {
		number string
		f      NumberFormat
		c      Country
		want   string
	}{
		{"+31201234567", FormatE164, NL, "+31201234567"},
		{"+31201234567", FormatE164Plain, NL, "31201234567"},
		{"+31201234567", FormatIDD, NL, "0031201234567"},
		{"+31201234567", FormatNational, NL, "0201234567"},
		{"+31201234567", FormatNational, DE, "0031201234567"},
		{"+34912345678", FormatNational, ES, "912345678"},
		{"+37167123456", FormatNational, LV, "67123456"},
		{"+31201234567", FormatNational, "XX", "+31201234567"},
		{"112", FormatE164, NL, "112"},
		{"08002000", FormatE164Plain, NL, "08002000"},
		{"+31201234567", "nonsense", NL, "+31201234567"},
	}
	for _, tt := range tests {
		if got := Format(tt.number, tt.f, tt.c); got != tt.want {
			t.Errorf("Format(%s, %s, %s) = %s, want %s", tt.number, tt.f, tt.c, got, tt.want)
		}
	}
}

func TestParseCarrier(t *testing.T) {
	tests := []struct {
		number string
		f      NumberFormat
		c      Country
		want   string
		reason NumberReason
	}{
		{"+31201234567", FormatE164, NL, "+31201234567", ""},
		{"31201234567", FormatE164Plain, NL, "+31201234567", ""},
		{"31201234567", FormatE164, NL, "+31201234567", ""},
		{"0031201234567", FormatIDD, DE, "+31201234567", ""},
		{"0201234567", FormatNational, NL, "+31201234567", ""},
		{"0201234567", FormatE164, NL, "+31201234567", ""},
		{"912345678", FormatNational, ES, "+34912345678", ""},
		{"67123456", FormatNational, LV, "+37167123456", ""},
		{"+310201234567", FormatE164, NL, "+31201234567", ""},
		{"08002000", FormatNational, NL, "+318002000", ""},
		{"112", FormatNational, NL, "112", ""},
		{"116123", FormatE164Plain, NL, "116123", ""},
		{"anonymous", FormatE164, NL, "", NumberCharacter},
		{"", FormatE164, NL, "", NumberEmpty},
		{"12", FormatNational, ES, "", NumberTooShort},
		{"+99999999999", FormatE164, NL, "", NumberPrefix},
		{strings.Repeat("9", 200), FormatNational, NL, "", NumberTooLong},
	}
	for _, tt := range tests {
		got, err := ParseCarrier(tt.number, tt.f, tt.c)
		if got != tt.want || ReasonOf(err) != tt.reason || (err == nil) != (tt.reason == "") {
			t.Errorf("ParseCarrier(%q, %s, %s) = %q, %v; want %q, %q", tt.number, tt.f, tt.c, got, err, tt.want, tt.reason)
		}
	}
	if _, err := ParseCarrier("112", FormatE164, "XX"); err == nil {
		t.Error("unknown country was accepted")
	}
}

func TestDisplayAndAreaCode(t *testing.T) {
	if got := Display("+31201234567", NL); got != "020 123 4567" {
		t.Errorf("at home: %s", got)
	}
	if got := Display("+31201234567", LV); got != "+31 20 123 4567" {
		t.Errorf("abroad: %s", got)
	}
	for _, s := range []string{"112", "", "+", "+999", "anonymous", "101"} {
		if got := Display(s, NL); got != s {
			t.Errorf("Display(%q) = %q", s, got)
		}
	}
	for e164, want := range map[string]string{"+31201234567": "20", "+31251234567": "251", "+4930123456": "30", "+34912345678": "91", "+34952123456": "952", "+37167123456": "", "+31612345678": "", "+999": "", "101": ""} {
		if got, mobile := AreaCode(e164); got != want || mobile != (e164 == "+31612345678") {
			t.Errorf("AreaCode(%s) = %q, mobile %v", e164, got, mobile)
		}
	}
}

func testAccount() *Account {
	return &Account{
		Country: NL, AreaCode: "20", ExtensionLength: 3, CallerID: "+31201234500", EmergencyCallerID: "+31201234501",
		Extensions: map[string]*Extension{
			"101": {Number: "101", Config: &User{}}, "112": {Number: "112", Config: &User{}}, "011": {Number: "011", Config: &User{}},
		},
		Numbers: map[string]*Number{
			"+31201234509": {E164: "+31201234509"}, "+31201234503": {E164: "+31201234503"}, "+31101234567": {E164: "+31101234567", Personal: "101"},
		},
	}
}

func TestClassify(t *testing.T) {
	a := testAccount()
	tests := []struct {
		in    string
		class DialClass
		what  string
	}{
		{"101", DialExtension, "101"},
		{"011", DialExtension, "011"},
		{"112", DialEmergency, "112"},
		{"0112", DialEmergency, "112"},
		{"+31112", DialEmergency, "112"},
		{"0612345678", DialExternal, "+31612345678"},
		{"1234567", DialExternal, "+31201234567"},
		{"0800 2000", DialExternal, "08002000"},
		{"14020", DialExternal, "14020"},
		{"*6", DialCode, "*6"},
		{"##*101#", DialCode, "##*101#"},
		{"*8x", DialInvalid, string(NumberCharacter)},
		{"901", DialSystem, "login"},
		{"90317", DialSystem, "retrieve-parked 17"},
		{"9307", DialSystem, "retrieve-parked 7"},
		{"903", DialSystem, "queue-login"},
		{"908101", DialSystem, "record-call 101"},
		{"1233", DialSystem, "personal-voicemail"},
		{"9081234", DialExternal, "+31209081234"},
		{"930100", DialInvalid, string(NumberUnassigned)},
		{"102", DialInvalid, string(NumberUnassigned)},
		{"", DialInvalid, string(NumberEmpty)},
		{"zoë", DialInvalid, string(NumberCharacter)},
		{strings.Repeat("#", 200), DialInvalid, string(NumberTooLong)},
	}
	for _, tt := range tests {
		c := Classify(a, "", tt.in)
		what := ""
		switch c.Class {
		case DialExtension:
			what = c.Extension
		case DialEmergency, DialExternal:
			what = c.Number.Number()
		case DialCode:
			what = c.Argument
		case DialSystem:
			what = strings.TrimSpace(string(c.System) + " " + c.Argument)
		case DialInvalid:
			what = string(c.Refused)
		}
		if c.Class != tt.class || what != tt.what || c.Reason == "" {
			t.Errorf("%q is %s %q (%s), want %s %q", tt.in, c.Class, what, c.Reason, tt.class, tt.what)
		}
	}
	if c := Classify(a, "10", "1234567"); c.Number.E164 != "+31101234567" {
		t.Errorf("local number in another area: %+v", c)
	}
}

// A mistyped extension is not somebody's telephone in the area.
func TestClassifyUnknownExtensionIsNotLocal(t *testing.T) {
	a := &Account{Country: DE, AreaCode: "30", ExtensionLength: 5}
	if c := Classify(a, "", "23456"); c.Class != DialInvalid {
		t.Errorf("unknown extension: %+v", c)
	}
	if c := Classify(a, "", "234567"); c.Class != DialExternal {
		t.Errorf("local number: %+v", c)
	}
}

// TestSystemExtensions has the tables of Appendix A, and numbers beside them that mean nothing.
func TestSystemExtensions(t *testing.T) {
	common := []struct {
		last string // of 9, 88 or 19
		f    SystemFunction
	}{
		{"00", SysLoginStatus}, {"01", SysLogin}, {"02", SysLogout}, {"03", SysQueueLogin}, {"04", SysQueueLogout}, {"05", SysRecordAudio}, {"06", SysListenIn},
		{"07", SysChangePIN}, {"08", SysRecordCall}, {"09", SysSwitchDevice}, {"10", SysForwarding}, {"15", SysNumberingPlan}, {"30", SysRetrieveParked}, {"40", SysAssistant},
	}
	for c, country := range map[Country]struct {
		group string
		own   map[string]SystemFunction
	}{
		NL: {"9", map[string]SystemFunction{"920": SysVoicemailManage, "1233": SysPersonalVoicemail, "999": "", "8801": "", "90": "", "9000": ""}},
		LV: {"9", map[string]SystemFunction{"920": SysVoicemailManage, "999": SysPersonalVoicemail, "1233": ""}},
		DE: {"88", map[string]SystemFunction{"8880": SysVoicemailManage, "8888": SysPersonalVoicemail, "8820": "", "901": ""}},
		ES: {"19", map[string]SystemFunction{"1980": SysVoicemailManage, "1988": SysPersonalVoicemail, "1920": "", "901": ""}},
	} {
		codes := country.own
		for _, x := range common {
			codes[country.group+x.last] = x.f
		}
		a := &Account{Country: c, Extensions: map[string]*Extension{}}
		for code, want := range codes {
			if f, arg, ok := a.SystemExtension(code); f != want || arg != "" || ok != (want != "") {
				t.Errorf("%s %s: %q %q %v, want %q", c, code, f, arg, ok, want)
			}
		}
		// Lines of parked calls, by either number.
		for _, code := range []string{country.group + "03", country.group + "30"} {
			for rest, line := range map[string]string{"1": "1", "7": "7", "07": "7", "99": "99", "0": "", "00": "", "100": "", "1a": ""} {
				f, arg, ok := a.SystemExtension(code + rest)
				if ok != (line != "") || arg != line || ok && f != SysRetrieveParked {
					t.Errorf("%s %s%s: %q %q %v, want line %q", c, code, rest, f, arg, ok, line)
				}
			}
		}
	}
}

func TestEmergencyCallerIDOrder(t *testing.T) {
	a := testAccount()
	u := &User{CallerID: "+31201234511", EmergencyCallerID: "+31201234512"}
	ch := &Channel{EmergencyCallerID: "+31201234513"}
	// Each step takes away the one that was used.
	for i, want := range []string{"+31201234511", "+31201234512", "+31201234513", "+31201234501", "+31201234503", "+31101234567", ""} {
		got := OutboundCallerID(a, u, ch, true)
		if got.Number != want || got.Anonymous || got.Reason == "" {
			t.Errorf("step %d: %+v, want %s", i, got, want)
		}
		switch i {
		case 0:
			u.CallerID = ""
		case 1:
			u = nil // logged off
		case 2:
			ch = nil
		case 3:
			a.EmergencyCallerID = ""
		case 4:
			delete(a.Numbers, "+31201234503")
			delete(a.Numbers, "+31201234509")
		case 5:
			a.Numbers = nil
		}
	}
}

func TestOutboundCallerID(t *testing.T) {
	a := testAccount()
	u := &User{CallerID: "+31201234511", EmergencyCallerID: "+31201234512"}
	ch := &Channel{EmergencyCallerID: "+31201234513"}
	if got := OutboundCallerID(a, u, ch, false); got.Number != "+31201234511" {
		t.Errorf("user's own: %+v", got)
	}
	u.CallerID = ""
	if got := OutboundCallerID(a, u, ch, false); got.Number != "+31201234500" {
		t.Errorf("account's: %+v", got)
	}
	a.CallerID = ""
	if got := OutboundCallerID(a, nil, nil, false); got.Number != "" || !got.Anonymous {
		t.Errorf("none: %+v", got)
	}
}

// nationalNumber draws a number of country c that exists as far as the numbering data tells.
func nationalNumber(t *rapid.T, c Country) string {
	types := map[Country][]phonenumbers.PhoneNumberType{
		NL: {phonenumbers.FIXED_LINE, phonenumbers.MOBILE, phonenumbers.VOIP},
		DE: {phonenumbers.FIXED_LINE, phonenumbers.MOBILE},
		ES: {phonenumbers.FIXED_LINE, phonenumbers.MOBILE},
		LV: {phonenumbers.FIXED_LINE, phonenumbers.MOBILE},
	}[c]
	p := phonenumbers.GetExampleNumberForType(string(c), rapid.SampledFrom(types).Draw(t, "type"))
	nsn := []byte(phonenumbers.GetNationalSignificantNumber(p))
	for i := len(nsn) - 4; i < len(nsn); i++ {
		nsn[i] = byte('0' + rapid.IntRange(0, 9).Draw(t, "digit"))
	}
	return string(nsn)
}

func TestNormalizeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom([]Country{NL, DE, ES, LV}).Draw(t, "country")
		n, err := c.numbering()
		if err != nil {
			t.Fatal(err)
		}
		nsn := nationalNumber(t, c)
		home, err := Normalize(n.trunk+nsn, c, "")
		if err != nil || home.E164 != "+"+n.Prefix+nsn {
			t.Fatalf("national %s: %+v, %v", nsn, home, err)
		}
		for _, s := range []string{home.E164, "00" + n.Prefix + nsn, home.National, home.Display, Format(home.E164, FormatNational, c)} {
			if again, err := Normalize(s, c, ""); err != nil || again != home {
				t.Fatalf("%q: %+v, %v, want %+v", s, again, err, home)
			}
		}
		for _, f := range []NumberFormat{FormatE164, FormatE164Plain, FormatIDD, FormatNational} {
			// A carrier may be of another country than the number.
			for _, cc := range []Country{NL, DE, ES, LV} {
				wire := Format(home.E164, f, cc)
				if back, err := ParseCarrier(wire, f, cc); err != nil || back != home.E164 {
					t.Fatalf("%s at a carrier of %s as %s: %q, back %q, %v", home.E164, cc, f, wire, back, err)
				}
			}
		}
	})
}

// checkNormalize holds for every input: a value that is stable or a *NumberError.
func checkNormalize(t interface{ Fatalf(string, ...any) }, in string, c Country, area string) {
	d, err := Normalize(in, c, area)
	if err != nil {
		if ReasonOf(err) == "" || d != (Dialed{}) {
			t.Fatalf("%q in %s: %+v with %v", in, c, d, err)
		}
		return
	}
	if d.Kind == "" || d.Type == "" || d.Display == "" || !allDigits(d.National) {
		t.Fatalf("%q in %s: incomplete %+v", in, c, d)
	}
	if d.E164 != "" && (d.E164[0] != '+' || !allDigits(d.E164[1:]) || len(d.E164) > 16) {
		t.Fatalf("%q in %s: %q is not E.164", in, c, d.E164)
	}
	for _, s := range []string{d.Number(), d.National, d.Display} {
		if again, err := Normalize(s, c, area); err != nil || again != d {
			t.Fatalf("%q in %s: %+v, but its own spelling %q: %+v, %v", in, c, d, s, again, err)
		}
	}
}

func TestNormalizeIsIdempotent(t *testing.T) {
	in := rapid.OneOf(rapid.StringMatching(`(\+|00|0|\+31|\+34|\+49|\+371)?[0-9 ().-]{1,18}`), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		checkNormalize(t, in.Draw(t, "in"), rapid.SampledFrom([]Country{NL, DE, ES, LV}).Draw(t, "country"),
			rapid.SampledFrom([]string{"", "20", "030", "251", "6", "112", "x"}).Draw(t, "area"))
	})
}

func FuzzNormalize(f *testing.F) {
	for _, s := range []string{"0201234567", "+31 (0)20 123 45 67", "112", "020112", "14020", "*6", "+39 06 698", "+", "zoë", "00491", "+52 1 55 1234 5678"} {
		for i := range 4 {
			f.Add(s, uint8(i), "20")
		}
	}
	f.Fuzz(func(t *testing.T, in string, country uint8, area string) {
		c := []Country{NL, DE, ES, LV}[country%4]
		checkNormalize(t, in, c, area)
		for _, format := range []NumberFormat{FormatE164, FormatE164Plain, FormatIDD, FormatNational} {
			if e164, err := ParseCarrier(in, format, c); err == nil {
				Display(e164, c)
				AreaCode(e164)
				if back, err := ParseCarrier(Format(e164, format, c), format, c); err != nil || back != e164 {
					t.Fatalf("%q: %q is %q, back %q, %v", in, Format(e164, format, c), e164, back, err)
				}
			}
		}
		Classify(&Account{Country: c, ExtensionLength: 3}, area, in)
	})
}

func BenchmarkNormalize(b *testing.B) {
	for name, in := range map[string]string{"national": "0201234567", "e164": "+31201234567", "international": "+4930123456", "emergency": "112", "short": "14020", "invalid": "0123"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = Normalize(in, NL, "20")
			}
		})
	}
	b.Run("carrier", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = ParseCarrier("0201234567", FormatNational, NL)
		}
	})
}
