package dialplan

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// NumberKind is how far a dialled number reaches.
type NumberKind string

// Kinds of dialled numbers.
const (
	// NumberEmergency is one of CountryRules.Emergency: never barred, limited or listed.
	NumberEmergency NumberKind = "emergency"
	// NumberShort is a short code of the country (116123, 14020, 118xx, 1188, 016).
	NumberShort NumberKind = "short"
	// NumberService is a freephone, shared-cost or premium number of the country.
	NumberService NumberKind = "service"
	// NumberNational is any other number of the country.
	NumberNational NumberKind = "national"
	// NumberInternational is a number of another country.
	NumberInternational NumberKind = "international"
)

// NumberType is what is behind a number, as far as its digits tell.
type NumberType string

// Types of numbers. TypeFixedOrMobile is for countries where digits do not tell (North
// America); TypeOther for everything without a type of its own here, such as VoIP,
// company-wide and personal numbers, and for ranges newer than the numbering data.
const (
	TypeFixed         NumberType = "fixed"
	TypeMobile        NumberType = "mobile"
	TypeFixedOrMobile NumberType = "fixed-or-mobile"
	TypeFree          NumberType = "free"
	TypeShared        NumberType = "shared-cost"
	TypePremium       NumberType = "premium"
	TypeOther         NumberType = "other"
)

// Dialed is a number understood. Two spellings of one number give equal values.
type Dialed struct {
	Kind NumberKind
	Type NumberType
	// E164 with +; empty for emergency, short and service numbers, which carriers take
	// only as they are dialled within the country.
	E164 string
	// National is the number in digits as dialled from within the country: 0201234567,
	// 112, 08002000; international ones begin with 00.
	National string
	// Display is the number as people of the country write it.
	Display string
	// AreaCode without trunk prefix: of a geographic national number its own; of an emergency
	// number the caller's, by which it is routed to the nearest centre; else empty.
	AreaCode string
}

// Number is what Format takes: E.164 where the number has such a form, else National.
func (d Dialed) Number() string {
	if d.E164 != "" {
		return d.E164
	}
	return d.National
}

// NumberReason is why a number could not be understood.
type NumberReason string

// Reasons.
const (
	NumberEmpty      NumberReason = "is empty"
	NumberTooLong    NumberReason = "is too long"
	NumberTooShort   NumberReason = "is too short"
	NumberCharacter  NumberReason = "has a character that is not a digit"
	NumberCode       NumberReason = "is a service code"
	NumberPrefix     NumberReason = "begins with no known country code"
	NumberNoAreaCode NumberReason = "needs an area code"
	NumberUnassigned NumberReason = "is not in use in the numbering plan of the country"
)

// NumberError tells why a number was refused.
type NumberError struct {
	Input  string
	Reason NumberReason
}

// Error names the number, cut when it is too long to read, and the reason.
func (e *NumberError) Error() string {
	in := e.Input
	if len(in) > maxRaw {
		in = strings.ToValidUTF8(in[:maxRaw], "") + "…"
	}
	return fmt.Sprintf("number %q %s", in, string(e.Reason))
}

// ReasonOf an error of this package about a number; empty when it is none.
func ReasonOf(err error) NumberReason {
	var ne *NumberError
	if errors.As(err, &ne) {
		return ne.Reason
	}
	return ""
}

const (
	maxRaw    = 48 // bytes typed, with separators
	maxDigits = 19 // 00, 15 digits of E.164, and a stray (0)
)

// numbering is what is needed of a country's plan beside the library's data.
type numbering struct {
	CountryRules
	// trunk prefix before national numbers; empty in closed plans.
	trunk string
	// min and max digits of a national significant number that is not a service.
	min, max int
	// localMin is the fewest digits of a number dialled without its area code; 0: never.
	localMin int
	// services by first digits of the national significant number.
	services []service
	// short codes may begin with these digits. The library's list has SMS-only codes too.
	short string
}

type service struct {
	prefix string
	kind   NumberType
}

func (c Country) numbering() (numbering, error) {
	r, err := c.Rules()
	if err != nil {
		return numbering{}, err
	}
	n := numbering{CountryRules: r}
	switch c {
	case NL:
		n.trunk, n.min, n.max, n.localMin, n.short = "0", 9, 9, 6, "1"
		n.services = []service{{"800", TypeFree}, {"90", TypePremium}}
	case DE:
		// Direct dial-in makes German numbers vary in length.
		n.trunk, n.min, n.max, n.localMin, n.short = "0", 7, 13, 4, "1"
		n.services = []service{{"800", TypeFree}, {"180", TypeShared}, {"13", TypeShared}, {"900", TypePremium}, {"118", TypePremium}}
	case ES:
		n.min, n.max, n.short = 9, 9, "01"
		n.services = []service{{"800", TypeFree}, {"900", TypeFree}, {"901", TypeShared}, {"902", TypeShared},
			{"803", TypePremium}, {"806", TypePremium}, {"807", TypePremium}, {"905", TypePremium}, {"907", TypePremium}}
	case LV:
		n.min, n.max, n.short = 8, 8, "01"
		n.services = []service{{"80", TypeFree}, {"81", TypeShared}, {"90", TypePremium}}
	}
	return n, nil
}

// Normalize understands a number as dialled in country c by somebody in areaCode (without or with
// trunk prefix; empty: no local dialling). It takes +, 00, the trunk prefix, a bare local number
// and the usual separators. Every way to reach an emergency number by mistake (+112,
// 0112, area code before it) still is that emergency number. Errors are *NumberError,
// or that of an unknown country.
func Normalize(dialed string, c Country, areaCode string) (Dialed, error) {
	n, err := c.numbering()
	if err != nil {
		return Dialed{}, err
	}
	areaCode = strings.TrimPrefix(areaCode, "0")
	if !allDigits(areaCode) {
		areaCode = ""
	}
	digits, plus, reason := clean(dialed)
	if reason != "" {
		return Dialed{}, &NumberError{dialed, reason}
	}
	if e := n.emergency(digits, plus, areaCode); e != "" {
		return Dialed{Kind: NumberEmergency, Type: TypeOther, National: e, Display: e, AreaCode: areaCode}, nil
	}
	if !plus && n.isShort(digits) {
		return n.shortNumber(digits), nil
	}
	var d Dialed
	switch {
	case plus:
		d, reason = n.international(digits)
	case strings.HasPrefix(digits, "00"):
		d, reason = n.international(digits[2:])
	case n.trunk == "":
		d, reason = n.national(digits)
	case strings.HasPrefix(digits, n.trunk):
		d, reason = n.national(digits[len(n.trunk):])
	default:
		d, reason = n.local(digits, areaCode)
	}
	if reason != "" {
		return Dialed{}, &NumberError{dialed, reason}
	}
	return d, nil
}

// clean takes separators off. plus tells that the number began with +.
func clean(s string) (digits string, plus bool, reason NumberReason) {
	if len(s) > maxRaw {
		return "", false, NumberTooLong
	}
	var buf [maxRaw]byte
	out := buf[:0]
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			out = append(out, byte(r))
		case r == '+' && !plus && len(out) == 0:
			plus = true
		case r == '*' || r == '#':
			return "", false, NumberCode
		// The non-breaking and typographic ones come with numbers pasted from documents.
		case strings.ContainsRune(" -./()\u00a0\u2009\u2010\u2011\u2013\u202f", r):
		default:
			return "", false, NumberCharacter
		}
	}
	switch {
	case len(out) == 0:
		return "", plus, NumberEmpty
	case len(out) > maxDigits:
		return "", plus, NumberTooLong
	}
	return string(out), plus, ""
}

// emergency finds the emergency number meant by digits, or "".
func (n numbering) emergency(digits string, plus bool, areaCode string) string {
	if e := n.isEmergency(digits); e != "" {
		return e
	}
	abroad, isAbroad := digits, plus
	if !plus {
		abroad, isAbroad = strings.CutPrefix(digits, "00")
	}
	if isAbroad {
		if e := n.isEmergency(abroad); e != "" {
			return e
		}
		if nat, ok := strings.CutPrefix(abroad, n.Prefix); ok {
			if e := n.isEmergency(nat); e != "" {
				return e
			}
			return n.afterTrunk(strings.TrimPrefix(nat, "0"), areaCode)
		}
		return ""
	}
	if nat, ok := strings.CutPrefix(digits, "0"); ok {
		return n.afterTrunk(nat, areaCode)
	}
	return ""
}

// afterTrunk finds the emergency number in what follows a 0, also behind an area code. In
// Spain 0091 is a call to India that was cut short, not 091: there only 112 counts.
func (n numbering) afterTrunk(nat, areaCode string) string {
	for _, e := range n.Emergency {
		if n.trunk == "" && e[0] == '0' {
			continue
		}
		area, ok := strings.CutSuffix(nat, e)
		if ok && (area == "" || area == areaCode || n.isAreaCode(area)) {
			return e
		}
	}
	return ""
}

func (n numbering) isEmergency(digits string) string {
	for _, e := range n.Emergency {
		if e == digits {
			return e
		}
	}
	return ""
}

// isAreaCode tells whether code is an area code: whether a number of usual length that begins
// with it is a fixed one of that area.
func (n numbering) isAreaCode(code string) bool {
	if n.trunk == "" || len(code) < 2 || len(code) > 5 {
		return false
	}
	p, err := phonenumbers.Parse("+"+n.Prefix+(code + "2345678")[:9], "ZZ")
	return err == nil && phonenumbers.GetLengthOfGeographicalAreaCode(p) == len(code)
}

func (n numbering) isShort(digits string) bool {
	if len(digits) < 2 || len(digits) > 6 || !strings.Contains(n.short, digits[:1]) {
		return false
	}
	// Built by hand: the library's parser may take a first 0 for a trunk prefix.
	number, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return false
	}
	code, err := strconv.ParseInt(n.Prefix, 10, 32)
	if err != nil {
		return false
	}
	cc, zeros := int32(code), int32(len(digits)-len(strings.TrimLeft(digits, "0")))
	leading := zeros > 0
	p := &phonenumbers.PhoneNumber{CountryCode: &cc, NationalNumber: &number, ItalianLeadingZero: &leading, NumberOfLeadingZeros: &zeros}
	if n.Code == NL && strings.HasPrefix(digits, "14") { // 14 and the area code: the municipality
		return phonenumbers.IsValidNumber(p)
	}
	return phonenumbers.IsValidShortNumberForRegion(p, string(n.Code))
}

func (n numbering) shortNumber(digits string) Dialed {
	display := digits
	if n.Code == NL && strings.HasPrefix(digits, "14") {
		display = digits[:2] + " " + digits[2:]
	}
	return Dialed{Kind: NumberShort, Type: TypeOther, National: digits, Display: display}
}

// national understands a national significant number.
func (n numbering) national(nsn string) (Dialed, NumberReason) {
	p, reason := parse(n.Prefix + nsn)
	if reason != "" {
		return Dialed{}, reason
	}
	for _, s := range n.services {
		if !strings.HasPrefix(nsn, s.prefix) {
			continue
		}
		if !phonenumbers.IsValidNumber(p) {
			return Dialed{}, NumberUnassigned
		}
		return Dialed{Kind: NumberService, Type: s.kind, National: n.trunk + nsn, Display: n.display(p, nsn)}, ""
	}
	switch {
	case len(nsn) < n.min:
		return Dialed{}, NumberTooShort
	case len(nsn) > n.max:
		return Dialed{}, NumberTooLong
	case nsn[0] == '0':
		return Dialed{}, NumberUnassigned
	// A range that is newer than the numbering data may be called too: the carrier knows best.
	case phonenumbers.IsPossibleNumberWithReason(p) != phonenumbers.IS_POSSIBLE:
		return Dialed{}, NumberUnassigned
	}
	return Dialed{
		Kind: NumberNational, Type: typeOf(p), E164: "+" + n.Prefix + nsn, National: n.trunk + nsn,
		Display: n.display(p, nsn), AreaCode: areaCodeOf(p, nsn),
	}, ""
}

// display writes a number of the country with its trunk prefix, which the library leaves out of
// numbers that it has no pattern for.
func (n numbering) display(p *phonenumbers.PhoneNumber, nsn string) string {
	s := phonenumbers.Format(p, phonenumbers.NATIONAL)
	if digits, _, reason := clean(s); reason != "" || digits != n.trunk+nsn {
		return n.trunk + nsn
	}
	return s
}

// international understands the digits after + or 00.
func (n numbering) international(digits string) (Dialed, NumberReason) {
	if nsn, ok := strings.CutPrefix(digits, n.Prefix); ok {
		if n.trunk != "" { // +31 (0)20 …
			nsn = strings.TrimPrefix(nsn, n.trunk)
		}
		switch {
		case nsn == "":
			return Dialed{}, NumberTooShort
		case n.isShort(nsn):
			return n.shortNumber(nsn), ""
		}
		return n.national(nsn)
	}
	p, e164, reason := canonical(digits)
	if reason != "" {
		return Dialed{}, reason
	}
	switch phonenumbers.IsPossibleNumberWithReason(p) {
	case phonenumbers.IS_POSSIBLE:
	case phonenumbers.TOO_LONG:
		return Dialed{}, NumberTooLong
	case phonenumbers.TOO_SHORT, phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return Dialed{}, NumberTooShort
	default:
		return Dialed{}, NumberUnassigned
	}
	return Dialed{
		Kind: NumberInternational, Type: typeOf(p), E164: e164, National: "00" + e164[1:],
		Display: phonenumbers.Format(p, phonenumbers.INTERNATIONAL),
	}, ""
}

// local puts the area code before a number dialled without it.
func (n numbering) local(digits, areaCode string) (Dialed, NumberReason) {
	switch {
	case len(digits) < n.localMin:
		return Dialed{}, NumberTooShort
	case areaCode == "":
		return Dialed{}, NumberNoAreaCode
	}
	p, reason := parse(n.Prefix + areaCode + digits)
	if reason != "" {
		return Dialed{}, reason
	}
	// Guessing further than the numbering data is for numbers dialled in full.
	if !phonenumbers.IsValidNumber(p) || areaCodeOf(p, areaCode+digits) != areaCode {
		return Dialed{}, NumberUnassigned
	}
	return n.national(areaCode + digits)
}

// parse reads country code and number, digits only.
func parse(digits string) (*phonenumbers.PhoneNumber, NumberReason) {
	p, err := phonenumbers.Parse("+"+digits, "ZZ")
	switch {
	case err == nil:
		return p, ""
	case errors.Is(err, phonenumbers.ErrInvalidCountryCode):
		return nil, NumberPrefix
	case errors.Is(err, phonenumbers.ErrNumTooLong):
		return nil, NumberTooLong
	}
	return nil, NumberTooShort
}

// canonical reads country code and number and takes off what does not belong to E.164, such as
// trunk prefixes of that country.
func canonical(digits string) (p *phonenumbers.PhoneNumber, e164 string, reason NumberReason) {
	if p, reason = parse(digits); reason != "" {
		return nil, "", reason
	}
	e164 = phonenumbers.Format(p, phonenumbers.E164)
	switch {
	case len(e164) < len("+1234567"):
		return nil, "", NumberTooShort
	case len(e164) > len("+123456789012345"):
		return nil, "", NumberTooLong
	}
	// What is still not in its final form after that, zeros upon zeros, is no number.
	if e164[1:] != digits {
		again, reason := parse(e164[1:])
		if reason != "" {
			return nil, "", reason
		}
		if phonenumbers.Format(again, phonenumbers.E164) != e164 {
			return nil, "", NumberUnassigned
		}
	}
	return p, e164, ""
}

func areaCodeOf(p *phonenumbers.PhoneNumber, nsn string) string {
	if k := phonenumbers.GetLengthOfGeographicalAreaCode(p); k > 0 && k < len(nsn) {
		return nsn[:k]
	}
	// The library knows area codes only where a trunk prefix sets them off. Spanish ones have three
	// digits, those of Madrid and Barcelona two (Plan nacional de numeración telefónica).
	if p.GetCountryCode() == 34 && len(nsn) == 9 && phonenumbers.GetNumberType(p) == phonenumbers.FIXED_LINE {
		switch nsn[:2] {
		case "91", "93", "81", "83":
			return nsn[:2]
		}
		return nsn[:3]
	}
	return ""
}

func typeOf(p *phonenumbers.PhoneNumber) NumberType {
	switch phonenumbers.GetNumberType(p) {
	case phonenumbers.FIXED_LINE:
		return TypeFixed
	case phonenumbers.MOBILE:
		return TypeMobile
	case phonenumbers.FIXED_LINE_OR_MOBILE:
		return TypeFixedOrMobile
	case phonenumbers.TOLL_FREE:
		return TypeFree
	case phonenumbers.SHARED_COST:
		return TypeShared
	case phonenumbers.PREMIUM_RATE:
		return TypePremium
	}
	return TypeOther
}

// Format writes a number, E.164 or as dialled within country c (see Dialed.Number), as
// a carrier of country c wants it. Numbers without E.164 form are the same in every format; so is
// every number when c is unknown and the format needs it.
func Format(number string, f NumberFormat, c Country) string {
	digits, ok := strings.CutPrefix(number, "+")
	if !ok {
		return number
	}
	switch f {
	case FormatE164Plain:
		return digits
	case FormatIDD:
		return "00" + digits
	case FormatNational:
		n, err := c.numbering()
		if err != nil {
			return number
		}
		if nsn, ok := strings.CutPrefix(digits, n.Prefix); ok {
			return n.trunk + nsn
		}
		return "00" + digits
	}
	return number
}

// ParseCarrier understands a number given by a carrier of country c in format f:
// the caller's or the called one. It returns E.164; short and emergency numbers, which
// have no such form, come back as they are. It is lenient: a number with + or 00 is
// taken as that whatever the format, and only its country code and length are checked. Errors are
// *NumberError (NumberCharacter for "anonymous"), or that of an unknown country.
func ParseCarrier(number string, f NumberFormat, c Country) (string, error) {
	n, err := c.numbering()
	if err != nil {
		return "", err
	}
	digits, plus, reason := clean(number)
	if reason != "" {
		return "", &NumberError{number, reason}
	}
	if !plus && (n.isEmergency(digits) != "" || n.isShort(digits)) {
		return digits, nil
	}
	switch {
	case plus:
	case strings.HasPrefix(digits, "00"):
		digits = digits[2:]
	case n.trunk != "" && strings.HasPrefix(digits, n.trunk):
		digits = n.Prefix + digits[1:]
	case f == FormatNational:
		digits = n.Prefix + digits
	}
	if nsn, ok := strings.CutPrefix(digits, n.Prefix); ok {
		nsn = strings.TrimPrefix(nsn, n.trunk)
		switch {
		case n.isEmergency(nsn) != "" || n.isShort(nsn):
			return nsn, nil
		case strings.HasPrefix(nsn, "0"):
			return "", &NumberError{number, NumberUnassigned}
		}
		digits = n.Prefix + nsn
	}
	_, e164, reason := canonical(digits)
	if reason != "" {
		return "", &NumberError{number, reason}
	}
	return e164, nil
}

// Display writes an E.164 number as people of country c do: their own numbers in national form,
// others with + and country code. What is not E.164 stays as it is.
func Display(number string, c Country) string {
	digits, ok := strings.CutPrefix(number, "+")
	if !ok {
		return number
	}
	p, reason := parse(digits)
	if reason != "" {
		return number
	}
	if n, err := c.numbering(); err == nil {
		if nsn, ok := strings.CutPrefix(digits, n.Prefix); ok {
			return n.display(p, nsn)
		}
	}
	return phonenumbers.Format(p, phonenumbers.INTERNATIONAL)
}

// AreaCode of an E.164 number without trunk prefix; empty when the number is not geographic.
// mobile tells that it is certainly a mobile number.
func AreaCode(e164 string) (code string, mobile bool) {
	digits, ok := strings.CutPrefix(e164, "+")
	if !ok {
		return "", false
	}
	p, reason := parse(digits)
	if reason != "" {
		return "", false
	}
	return areaCodeOf(p, phonenumbers.GetNationalSignificantNumber(p)), typeOf(p) == TypeMobile
}
