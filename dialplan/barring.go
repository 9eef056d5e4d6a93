package dialplan

import (
	"slices"
	"strings"
)

// BarringCategory names a set of destinations that can be barred (FAC-BAR-01).
type BarringCategory string

// Categories of every country.
const (
	BarNational            BarringCategory = "national"             // fixed and other ordinary numbers of the country
	BarMobile              BarringCategory = "mobile"               // mobile numbers of the country
	BarShortCodes          BarringCategory = "short-codes"          // short codes but for directories
	BarDirectory           BarringCategory = "directory-enquiries"  // 18xx, 118xx
	BarInternational       BarringCategory = "international"        // every other country
	BarInternationalMobile BarringCategory = "international-mobile" // mobile numbers abroad
	BarOutsideEEA          BarringCategory = "outside-eea"          // countries outside the European Economic Area
	BarSatellite           BarringCategory = "satellite"            // satellite and other global networks
	BarInternationalRate   BarringCategory = "international-premium"
)

// Categories of some countries, after the ranges that their regulators keep for them.
const (
	BarPremium       BarringCategory = "premium"       // DE 0900, LV 90
	BarInformation   BarringCategory = "information"   // NL 0900
	BarAdult         BarringCategory = "adult"         // NL 0906, ES 803
	BarEntertainment BarringCategory = "entertainment" // NL 0909, ES 806
	BarProfessional  BarringCategory = "professional"  // ES 807
	BarVoting        BarringCategory = "voting"        // DE 0137, ES 905
	BarData          BarringCategory = "data"          // ES 907
	BarSharedCost    BarringCategory = "shared-cost"   // DE 0180, ES 901 and 902, LV 81
)

// barring is a category and the numbers that belong to it: those that begin (as dialled
// within the country) with one of prefixes, or for which is holds.
type barring struct {
	category BarringCategory
	prefixes []string
	is       func(Dialed) bool
}

func (b barring) matches(d Dialed) bool {
	if b.is != nil {
		return b.is(d)
	}
	if d.Kind == NumberInternational {
		return false
	}
	for _, p := range b.prefixes {
		if strings.HasPrefix(d.National, p) {
			return true
		}
	}
	return false
}

// barrings is the table of a country.
func (c Country) barrings() []barring {
	directory := "118"
	var own []barring
	switch c {
	case NL:
		directory = "18"
		own = []barring{
			{BarInformation, []string{"0900"}, nil},
			{BarAdult, []string{"0906"}, nil},
			{BarEntertainment, []string{"0909"}, nil},
		}
	case DE:
		own = []barring{
			{BarPremium, []string{"0900"}, nil},
			{BarSharedCost, []string{"0180"}, nil},
			{BarVoting, []string{"0137"}, nil},
		}
	case ES:
		own = []barring{
			{BarAdult, []string{"803"}, nil},
			{BarEntertainment, []string{"806"}, nil},
			{BarProfessional, []string{"807"}, nil},
			{BarVoting, []string{"905"}, nil},
			{BarData, []string{"907"}, nil},
			{BarSharedCost, []string{"901", "902"}, nil},
		}
	case LV:
		own = []barring{
			{BarPremium, []string{"90"}, nil},
			{BarSharedCost, []string{"81"}, nil},
		}
	default:
		return nil
	}
	// Spanish directories are dialled 118xx, German ones too, and there with the trunk prefix in National.
	isDirectory := func(d Dialed) bool {
		return d.Kind == NumberShort && strings.HasPrefix(d.National, directory) ||
			d.Kind == NumberService && strings.HasPrefix(strings.TrimPrefix(d.National, "0"), "118")
	}
	abroad := func(also func(Dialed) bool) func(Dialed) bool {
		return func(d Dialed) bool { return d.Kind == NumberInternational && also(d) }
	}
	return append([]barring{
		{BarNational, nil, func(d Dialed) bool { return d.Kind == NumberNational && d.Type != TypeMobile }},
		{BarMobile, nil, func(d Dialed) bool { return d.Kind == NumberNational && d.Type == TypeMobile }},
		{BarShortCodes, nil, func(d Dialed) bool { return d.Kind == NumberShort && !isDirectory(d) }},
		{BarDirectory, nil, isDirectory},
		{BarInternational, nil, abroad(func(Dialed) bool { return true })},
		{BarInternationalMobile, nil, abroad(func(d Dialed) bool { return d.Type == TypeMobile || d.Type == TypeFixedOrMobile })},
		{BarOutsideEEA, nil, abroad(func(d Dialed) bool { return !inEEA(d.E164) })},
		{BarSatellite, nil, abroad(func(d Dialed) bool { return strings.HasPrefix(d.E164, "+87") || strings.HasPrefix(d.E164, "+88") })},
		{BarInternationalRate, nil, abroad(func(d Dialed) bool { return d.Type == TypePremium || strings.HasPrefix(d.E164, "+979") })},
	}, own...)
}

// inEEA tells whether a number is of a member of the European Economic Area, by calling code
// (ITU-T E.164 annex).
func inEEA(e164 string) bool {
	for _, code := range []string{
		"+30", "+31", "+32", "+33", "+34", "+351", "+352", "+353", "+354", "+356", "+357", "+358", "+359", "+36",
		"+370", "+371", "+372", "+385", "+386", "+39", "+40", "+420", "+421", "+423", "+43", "+45", "+46", "+47", "+48", "+49",
	} {
		if strings.HasPrefix(e164, code) {
			return true
		}
	}
	return false
}

// BarringCategories of the country, in the order in which a form shows them; nil for an
// unknown one.
func (c Country) BarringCategories() []BarringCategory {
	var out []BarringCategory
	for _, b := range c.barrings() {
		out = append(out, b.category)
	}
	return out
}

// Barred is the decision of FAC-BAR-01.
type Barred struct {
	Barred   bool
	Category BarringCategory
	Reason   string
}

// CheckBarring decides whether somebody may call d: what the account bars is barred
// for all, whatever the user's own setting; a user's categories come on top. u is nil when it is the account
// itself that calls (a number in a plan or a menu) or nobody is logged in. Emergency numbers are
// never barred. Categories of another country mean nothing.
func CheckBarring(a *Account, u *User, d Dialed) Barred {
	if d.Kind == NumberEmergency || len(a.Barred) == 0 && (u == nil || len(u.Barred) == 0) {
		return Barred{Reason: "not barred"}
	}
	table := a.Country.barrings()
	for _, b := range table {
		if slices.Contains(a.Barred, b.category) && b.matches(d) {
			return Barred{true, b.category, "the account bars calls of category " + string(b.category)}
		}
	}
	if u != nil {
		for _, b := range table {
			if slices.Contains(u.Barred, b.category) && b.matches(d) {
				return Barred{true, b.category, "the user is barred from calls of category " + string(b.category)}
			}
		}
	}
	return Barred{Reason: "not barred"}
}
