package dialplan

import (
	"slices"
	"testing"
)

// What a country sets for its accounts: system extensions, dialling rules, emergency numbers,
// barring categories and the language of prompts.
func TestACC_04_Country(t *testing.T) {
	for _, c := range []struct {
		country             Country
		language            string
		login, voicemail    string // system extensions
		local, e164, abroad string // a fixed number as dialled at home, and the country's own way abroad
		emergency           []string
		barring             BarringCategory
		foreign             BarringCategory // of another country only
	}{
		{NL, "nl", "901", "1233", "0201234567", "+31201234567", "00493012345678", []string{"112"}, BarInformation, BarProfessional},
		{DE, "de", "8801", "8888", "03012345678", "+493012345678", "0031201234567", []string{"112", "110"}, BarPremium, BarInformation},
		{ES, "es", "1901", "1988", "912345678", "+34912345678", "0031201234567", []string{"112", "091"}, BarProfessional, BarPremium},
		{LV, "lv", "901", "999", "67123456", "+37167123456", "0031201234567", []string{"112", "113"}, BarSharedCost, BarAdult},
	} {
		rules, err := c.country.Rules()
		if err != nil {
			t.Fatal(err)
		}
		if rules.Language != c.language || !slices.Contains(Languages(), c.language) || !slices.Contains(Languages(), "en") {
			t.Errorf("%s: language %s", c.country, rules.Language)
		}
		a := &Account{Country: c.country, ExtensionLength: 5}
		for digits, want := range map[string]SystemFunction{c.login: SysLogin, c.voicemail: SysPersonalVoicemail} {
			if got := Classify(a, "", digits); got.Class != DialSystem || got.System != want {
				t.Errorf("%s %s: %+v", c.country, digits, got)
			}
		}
		if got := Classify(a, "", c.local); got.Class != DialExternal || got.Number.E164 != c.e164 || got.Number.Kind != NumberNational {
			t.Errorf("%s %s: %+v", c.country, c.local, got)
		}
		if got := Classify(a, "", c.abroad); got.Class != DialExternal || got.Number.Kind != NumberInternational {
			t.Errorf("%s %s: %+v", c.country, c.abroad, got)
		}
		for _, e := range c.emergency {
			if got := Classify(a, "", e); got.Class != DialEmergency || !slices.Contains(rules.Emergency, e) {
				t.Errorf("%s %s: %+v", c.country, e, got)
			}
		}
		all := c.country.BarringCategories()
		if !slices.Contains(all, c.barring) || slices.Contains(all, c.foreign) {
			t.Errorf("%s: categories %v", c.country, all)
		}
	}
	// The number of one country's function is nothing in another.
	if got := Classify(&Account{Country: DE, ExtensionLength: 3}, "", "901"); got.Class != DialInvalid {
		t.Errorf("901 in Germany: %+v", got)
	}
	if _, err := Country("FR").Rules(); err == nil {
		t.Error("an account can be in a country without rules")
	}
}
