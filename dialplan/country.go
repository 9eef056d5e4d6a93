package dialplan

import "fmt"

// Country is an ISO 3166-1 alpha-2 code of a country that accounts can be in.
type Country string

// Countries with their own numbering and system extensions.
const (
	NL Country = "NL"
	DE Country = "DE"
	ES Country = "ES"
	LV Country = "LV"
)

// CountryRules is what differs between countries.
type CountryRules struct {
	Code     Country
	Language string // default language of prompts
	TimeZone string // default time zone
	Prefix   string // country calling code
	// Emergency numbers, never barred, limited or listed. The first is that of the
	// European Union, 112 (Directive (EU) 2018/1972, article 109).
	Emergency []string
}

// Rules of a country; an error names an unknown one.
func (c Country) Rules() (CountryRules, error) {
	switch c {
	case NL:
		return CountryRules{NL, "nl", "Europe/Amsterdam", "31", []string{"112"}}, nil
	case DE:
		return CountryRules{DE, "de", "Europe/Berlin", "49", []string{"112", "110"}}, nil
	case ES:
		return CountryRules{ES, "es", "Europe/Madrid", "34", []string{"112", "061", "062", "080", "085", "088", "091", "092"}}, nil
	case LV:
		return CountryRules{LV, "lv", "Europe/Riga", "371", []string{"112", "110", "113"}}, nil
	}
	return CountryRules{}, fmt.Errorf("country %q is not one of NL, DE, ES, LV", string(c))
}

// Languages in which every system prompt exists.
func Languages() []string { return []string{"en", "nl", "de", "es", "lv"} }
