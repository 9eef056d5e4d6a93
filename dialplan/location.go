package dialplan

import (
	"encoding/json"
	"fmt"
	"strings"
)

// LocationBy is what location-based routing looks at.
type LocationBy string

// What a location table is about.
const (
	ByAreaCode LocationBy = "area_code" // of the caller (EXT-LBR-01)
	ByPostcode LocationBy = "postcode"  // that the caller enters (EXT-LBR-02)
	ByCaller   LocationBy = "caller"    // the caller's number (EXT-LBR-03)
	ByCalled   LocationBy = "called"    // the number that was called (EXT-LBR-04)
)

// PostcodeDigits is how long a postcode is.
const PostcodeDigits = 4

// LocationRoute is the configuration of location-based routing.
type LocationRoute struct {
	By           LocationBy
	Announcement string // media key of the question for a postcode; empty: the system's
	Language     string // empty: the account's
	Tries        int    // how often a postcode is asked for, at least 1
	Table        *LocationTable
	// Fallback of callers who are not in the table; Blocked of those without a number,
	// Mobile of those with a mobile number. The last two, when they are none, are Fallback.
	Fallback, Blocked, Mobile LocationTarget
}

// Kind implements ExtensionConfig.
func (*LocationRoute) Kind() Kind { return KindLocation }

// LocationTarget is where a row of a table leads.
type LocationTarget struct {
	Destination Destination
	Prefix      string // added to the display
}

// LocationTable finds the longest key that a number begins with. Its size does not matter to the cost:
// one look-up of a hash for each length that keys have. It is immutable; nil is an empty table.
type LocationTable struct {
	targets []LocationTarget
	index   map[uint64]uint32 // key as locationKey → targets
	lengths uint32            // bit n: there are keys of n digits
}

// maxKey is the longest key: E.164 has 15 digits.
const maxKey = 15

// locationKey makes digits a number that tells 1 from 01; false for anything else.
func locationKey(digits string) (uint64, bool) {
	if digits == "" || len(digits) > maxKey {
		return 0, false
	}
	k := uint64(1)
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, false
		}
		k = k*10 + uint64(digits[i]-'0')
	}
	return k, true
}

// NewLocationTable returns a table with room for n keys.
func NewLocationTable(n int) *LocationTable {
	return &LocationTable{index: make(map[uint64]uint32, n)}
}

// Add leads keys, each up to 15 digits, to a target. It is for whoever builds the table. An error names
// a key that is none or is there already.
func (t *LocationTable) Add(to LocationTarget, keys ...string) error {
	n := uint32(len(t.targets))
	t.targets = append(t.targets, to)
	for _, key := range keys {
		k, ok := locationKey(key)
		if !ok {
			return fmt.Errorf("key %q is not 1 to %d digits", key, maxKey)
		}
		if _, taken := t.index[k]; taken {
			return fmt.Errorf("key %s is there twice", key)
		}
		t.index[k] = n
		t.lengths |= 1 << len(key)
	}
	return nil
}

// Len is the number of keys.
func (t *LocationTable) Len() int {
	if t == nil {
		return 0
	}
	return len(t.index)
}

// Longest finds the longest key with which digits begin; key is empty when there is none.
func (t *LocationTable) Longest(digits string) (to LocationTarget, key string) {
	if t == nil {
		return to, ""
	}
	k := uint64(1)
	for i := 0; i < len(digits) && i < maxKey; i++ {
		if digits[i] < '0' || digits[i] > '9' {
			break
		}
		k = k*10 + uint64(digits[i]-'0')
		if t.lengths&(1<<(i+1)) == 0 {
			continue
		}
		if n, ok := t.index[k]; ok {
			to, key = t.targets[n], digits[:i+1]
		}
	}
	return to, key
}

// Exact finds the key that digits are.
func (t *LocationTable) Exact(digits string) (LocationTarget, bool) {
	k, ok := locationKey(digits)
	if t == nil || !ok {
		return LocationTarget{}, false
	}
	n, ok := t.index[k]
	if !ok {
		return LocationTarget{}, false
	}
	return t.targets[n], true
}

// tableJSON is a table as it is kept: the keys of each target.
type tableJSON struct {
	Targets []LocationTarget
	Keys    [][]uint64 // by target, as locationKey
}

// MarshalJSON implements json.Marshaler.
func (t *LocationTable) MarshalJSON() ([]byte, error) {
	out := tableJSON{Targets: t.targets, Keys: make([][]uint64, len(t.targets))}
	for k, n := range t.index {
		out.Keys[n] = append(out.Keys[n], k)
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *LocationTable) UnmarshalJSON(raw []byte) error {
	var in tableJSON
	if err := json.Unmarshal(raw, &in); err != nil {
		return fmt.Errorf("read location table: %w", err)
	}
	n := 0
	for _, keys := range in.Keys {
		n += len(keys)
	}
	*t = LocationTable{targets: in.Targets, index: make(map[uint64]uint32, n)}
	for target, keys := range in.Keys {
		if target >= len(in.Targets) {
			return fmt.Errorf("read location table: keys of target %d of %d", target, len(in.Targets))
		}
		for _, k := range keys {
			t.index[k] = uint32(target) //nolint:gosec // bounded by the number of targets
			for digits, x := 0, k; ; digits, x = digits+1, x/10 {
				if x < 10 {
					t.lengths |= 1 << digits
					break
				}
			}
		}
	}
	return nil
}

// MatchPostcode says what digits pressed so far mean as a postcode.
func MatchPostcode(digits string) MenuMatch {
	switch {
	case !allDigits(digits) && digits != "" || len(digits) > PostcodeDigits:
		return MenuInvalid
	case len(digits) == PostcodeDigits:
		return MenuExact
	}
	return MenuPartial
}

// RouteByLocation decides where a call goes by its numbers: caller and called are E.164, caller is
// empty when it is withheld and an extension for colleagues. It is not for postcodes.
func RouteByLocation(r *LocationRoute, country Country, caller, called string) (LocationTarget, string) {
	if r.By == ByCalled {
		if to, key := r.Table.Longest(strings.TrimPrefix(called, "+")); key != "" {
			return to, "called number begins with +" + key
		}
		return r.Fallback, "called number " + called + " is not in the table"
	}
	outside, ok := strings.CutPrefix(caller, "+")
	if caller == "" {
		return r.Blocked.or(r.Fallback), "caller ID is blocked"
	}
	if r.By == ByCaller {
		if ok {
			if to, key := r.Table.Longest(outside); key != "" {
				return to, "caller begins with +" + key
			}
		}
		return r.Fallback, "caller is not in the table"
	}
	code, mobile := AreaCode(caller)
	if mobile {
		return r.Mobile.or(r.Fallback), "caller is mobile"
	}
	rules, err := country.Rules()
	if err != nil || code == "" || !strings.HasPrefix(outside, rules.Prefix) {
		return r.Fallback, "caller has no area code of " + string(country)
	}
	if to, ok := r.Table.Exact(code); ok {
		return to, "area code " + code
	}
	return r.Fallback, "area code " + code + " is not in the table"
}

func (t LocationTarget) or(other LocationTarget) LocationTarget {
	if t.Destination.IsZero() {
		return other
	}
	return t
}
