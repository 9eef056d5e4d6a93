package api

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/store"
)

// LocationConfig is what location-based routing has (EXT-LBR-01 to 04); its table is written apart.
type LocationConfig struct {
	By             string `json:"by" enum:"area_code,postcode,caller,called" doc:"What its table is about; area_code is not for Latvia."`
	Announcement   string `json:"announcement,omitempty" pattern:"^([a-z0-9][a-z0-9_.-]{0,99})?$" patternDescription:"a media key: lower-case letters, digits, _ . and -" doc:"Media key of the question for a postcode; empty: the system's."`
	Language       string `json:"language,omitempty" enum:",en,nl,de,es,lv" doc:"Empty: the account's."`
	Tries          int    `json:"tries" required:"false" minimum:"1" maximum:"20" default:"3" doc:"How often a postcode is asked for."`
	Fallback       string `json:"fallback" minLength:"1" doc:"Destination of who is not in the table."`
	FallbackPrefix string `json:"fallback_prefix,omitempty" maxLength:"40"`
	Blocked        string `json:"blocked,omitempty" doc:"Destination of callers without a number; empty: fallback."`
	BlockedPrefix  string `json:"blocked_prefix,omitempty" maxLength:"40"`
	Mobile         string `json:"mobile,omitempty" doc:"Destination of mobile callers; empty: fallback."`
	MobilePrefix   string `json:"mobile_prefix,omitempty" maxLength:"40"`
}

// AuthenticationConfig is what an authentication extension has (EXT-AUTH-01, EXT-AUTH-02).
type AuthenticationConfig struct {
	By             string                `json:"by" enum:"pin,caller"`
	Welcome        string                `json:"welcome,omitempty" pattern:"^([a-z0-9][a-z0-9_.-]{0,99})?$" patternDescription:"a media key: lower-case letters, digits, _ . and -" doc:"Media key; empty: none."`
	Failed         string                `json:"failed,omitempty" pattern:"^([a-z0-9][a-z0-9_.-]{0,99})?$" patternDescription:"a media key: lower-case letters, digits, _ . and -" doc:"Media key of what is heard before the fallback; empty: none."`
	Language       string                `json:"language,omitempty" enum:",en,nl,de,es,lv" doc:"Empty: the account's."`
	Entries        []AuthenticationEntry `json:"entries,omitempty" maxItems:"10000"`
	Fallback       string                `json:"fallback" minLength:"1" doc:"Destination of everybody else."`
	FallbackPrefix string                `json:"fallback_prefix,omitempty" maxLength:"40"`
}

// AuthenticationEntry is somebody who is known.
type AuthenticationEntry struct {
	Key         string `json:"key" pattern:"^[+0-9 ()./-]{1,40}$" patternDescription:"a PIN or a number" doc:"A PIN of 4 to 10 digits, or a number, the begin of one, or an extension."`
	Destination string `json:"destination" minLength:"1" doc:"Extension or external number."`
	Prefix      string `json:"prefix,omitempty" maxLength:"40" doc:"Put before the caller on the display."`
}

// PickerConfig is what an extension picker has (EXT-PICK-01).
type PickerConfig struct {
	Announcement   string  `json:"announcement,omitempty" pattern:"^([a-z0-9][a-z0-9_.-]{0,99})?$" patternDescription:"a media key: lower-case letters, digits, _ . and -" doc:"Media key; empty: the system's."`
	Language       string  `json:"language,omitempty" enum:",en,nl,de,es,lv" doc:"Empty: the account's."`
	Ringback       bool    `json:"ringback,omitempty" doc:"Two ringing tones first."`
	Timeout        float64 `json:"timeout" required:"false" minimum:"0.1" maximum:"600" default:"5" doc:"Seconds to wait for a digit."`
	Fallback       string  `json:"fallback" minLength:"1" doc:"Destination after no or a wrong entry."`
	FallbackPrefix string  `json:"fallback_prefix,omitempty" maxLength:"40"`
}

var pin = regexp.MustCompile(`^[0-9]{4,10}$`)

// placeProblems are what one field alone can't tell.
func (r *Routing) placeProblems() []*huma.ErrorDetail {
	var errs []*huma.ErrorDetail
	if l := r.Location; l != nil {
		errs = slices.Concat(errs, text("location.fallback_prefix", l.FallbackPrefix), text("location.blocked_prefix", l.BlockedPrefix),
			text("location.mobile_prefix", l.MobilePrefix))
	}
	if a := r.Authentication; a != nil {
		errs = append(errs, text("authentication.fallback_prefix", a.FallbackPrefix)...)
		for i, e := range a.Entries {
			errs = append(errs, text(fmt.Sprintf("authentication.entries[%d].prefix", i), e.Prefix)...)
			if a.By != "pin" {
				continue
			}
			at := fmt.Sprintf("authentication.entries[%d].key", i)
			switch why := dialplan.UnsafePIN(e.Key); {
			case !pin.MatchString(e.Key):
				errs = append(errs, field(at, "must be a PIN of 4 to 10 digits"))
			case e.Key == "0000":
				errs = append(errs, field(at, "is unsafe: all digits are the same"))
			case why != "":
				errs = append(errs, field(at, why))
			}
		}
	}
	if p := r.Picker; p != nil {
		errs = append(errs, text("picker.fallback_prefix", p.FallbackPrefix)...)
	}
	return errs
}

func (r *Routing) placeDestinations() []namedDestination {
	var out []namedDestination
	add := func(name, value string) {
		if value != "" {
			out = append(out, namedDestination{name, value})
		}
	}
	if l := r.Location; l != nil {
		add("location.fallback", l.Fallback)
		add("location.blocked", l.Blocked)
		add("location.mobile", l.Mobile)
	}
	if a := r.Authentication; a != nil {
		add("authentication.fallback", a.Fallback)
		for i, e := range a.Entries {
			add(fmt.Sprintf("authentication.entries[%d].destination", i), e.Destination)
		}
	}
	if p := r.Picker; p != nil {
		add("picker.fallback", p.Fallback)
	}
	return out
}

// placeCheck looks at what depends on the account.
func (r *Routing) placeCheck(a accountRules) []*huma.ErrorDetail {
	var errs []*huma.ErrorDetail
	if r.Location != nil && r.Location.By == string(dialplan.ByAreaCode) && a.country == dialplan.LV {
		errs = append(errs, field("location.by", "there are no area codes in Latvia"))
	}
	if r.Authentication == nil {
		return errs
	}
	seen := make(map[string]bool)
	for i, e := range r.Authentication.Entries {
		at := fmt.Sprintf("authentication.entries[%d].key", i)
		key, err := r.Authentication.key(a, e.Key)
		switch {
		case err != nil:
			errs = append(errs, field(at, err.Error()))
		case seen[key]:
			errs = append(errs, field(at, key+" is there twice"))
		}
		seen[key] = true
	}
	return errs
}

// key of an entry as it is stored. 020 is the begin of a number where extensions have three
// digits, too.
func (c *AuthenticationConfig) key(a accountRules, s string) (string, error) {
	if c.By == "pin" || len(s) == a.extensionLength && extensionNumber.MatchString(s) && s[0] != '0' {
		return s, nil
	}
	return dialplan.ParseNumberPrefix(s, a.country)
}

func (r *Routing) placeConfig(a accountRules) dialplan.ExtensionConfig {
	target := func(to, prefix string) dialplan.LocationTarget {
		return dialplan.LocationTarget{Destination: destination(a, to), Prefix: prefix}
	}
	switch {
	case r.Location != nil:
		l := r.Location
		return &dialplan.LocationRoute{By: dialplan.LocationBy(l.By), Announcement: l.Announcement, Language: l.Language, Tries: l.Tries,
			Fallback: target(l.Fallback, l.FallbackPrefix), Blocked: target(l.Blocked, l.BlockedPrefix), Mobile: target(l.Mobile, l.MobilePrefix)}
	case r.Authentication != nil:
		c := r.Authentication
		out := &dialplan.Authentication{ByPIN: c.By == "pin", Welcome: c.Welcome, Failed: c.Failed, Language: c.Language,
			Fallback: target(c.Fallback, c.FallbackPrefix), Entries: make(map[string]dialplan.LocationTarget, len(c.Entries))}
		for _, e := range c.Entries {
			if key, err := c.key(a, e.Key); err == nil { // placeCheck has let it through
				out.Entries[key] = target(e.Destination, e.Prefix)
			}
		}
		return out
	case r.Picker != nil:
		p := r.Picker
		return &dialplan.Picker{Announcement: p.Announcement, Language: p.Language, Ringback: p.Ringback, Timeout: duration(p.Timeout),
			Fallback: target(p.Fallback, p.FallbackPrefix)}
	}
	return nil
}

func (r *Routing) setPlace(c dialplan.ExtensionConfig) {
	switch c := c.(type) {
	case *dialplan.LocationRoute:
		r.Location = &LocationConfig{By: string(c.By), Announcement: c.Announcement, Language: c.Language, Tries: c.Tries,
			Fallback: shown(c.Fallback.Destination), FallbackPrefix: c.Fallback.Prefix, Blocked: shown(c.Blocked.Destination),
			BlockedPrefix: c.Blocked.Prefix, Mobile: shown(c.Mobile.Destination), MobilePrefix: c.Mobile.Prefix}
	case *dialplan.Authentication:
		by := "caller"
		if c.ByPIN {
			by = "pin"
		}
		r.Authentication = &AuthenticationConfig{By: by, Welcome: c.Welcome, Failed: c.Failed, Language: c.Language,
			Fallback: shown(c.Fallback.Destination), FallbackPrefix: c.Fallback.Prefix}
		for _, key := range slices.Sorted(maps.Keys(c.Entries)) {
			e := c.Entries[key]
			r.Authentication.Entries = append(r.Authentication.Entries, AuthenticationEntry{Key: key, Destination: shown(e.Destination), Prefix: e.Prefix})
		}
	case *dialplan.Picker:
		r.Picker = &PickerConfig{Announcement: c.Announcement, Language: c.Language, Ringback: c.Ringback, Timeout: c.Timeout.Seconds(),
			Fallback: shown(c.Fallback.Destination), FallbackPrefix: c.Fallback.Prefix}
	}
}

// LocationTable is the table of a location-based routing (EXT-LBR-05).
type LocationTable struct {
	CSV  string `json:"csv" doc:"Columns key, destination and prefix, with that as the first row. A key is an area code, a postcode or a range of them (1000-1099), or a number or the begin of one."`
	Rows int    `json:"rows,omitempty" readOnly:"true"`
}

// LocationPath is in the path of a location table.
type LocationPath struct {
	AccountPath
	Location string `path:"location" pattern:"^[0-9]{2,5}$" patternDescription:"2 to 5 digits" doc:"Number of the location-based routing."`
}

// maxTable is the largest body with a table: a million rows.
const maxTable = 96 << 20

func (s *server) locations(api huma.API) {
	const tag, path = "extensions", "/accounts/{account}/locations/{location}"
	register(s, api, scopeAccount, op("get-locations", http.MethodGet, path, tag, "Export the table of a location-based routing as CSV"), s.getLocations)
	put := op("set-locations", http.MethodPut, path, tag, "Import the table of a location-based routing from CSV, as a whole or not at all")
	put.MaxBodyBytes = maxTable
	register(s, api, scopeAccount, put, s.setLocations)
}

func (s *server) getLocations(ctx context.Context, in *LocationPath) (*struct{ Body LocationTable }, error) {
	out := &struct{ Body LocationTable }{}
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		rows, err := tx.ReadLocations(ctx, in.Location)
		if err != nil {
			return err
		}
		var csv bytes.Buffer
		err = dialplan.WriteLocations(&csv, rows)
		out.Body = LocationTable{CSV: csv.String(), Rows: len(rows)}
		return err
	})
	return out, err
}

func (s *server) setLocations(ctx context.Context, in *struct {
	LocationPath
	Body LocationTable
}) (*struct{ Body LocationTable }, error) {
	out := &struct{ Body LocationTable }{}
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) error {
		e, err := tx.ReadExtension(ctx, in.Location)
		if err != nil {
			return err
		}
		l, ok := e.Config.(*dialplan.LocationRoute)
		if !ok {
			return &store.NotFound{Entity: "location-based routing", Key: in.Location}
		}
		// Extensions are few, rows may be many.
		kinds := make(map[string]bool)
		known := func(number string) bool {
			found, asked := kinds[number]
			if !asked {
				k, kerr := tx.ExtensionKinds(ctx, []string{number})
				if kerr != nil {
					err = kerr
				}
				found = k[number] != ""
				kinds[number] = found
			}
			return found
		}
		rows, wrong := dialplan.ReadLocations([]byte(in.Body.CSV), l.By, &dialplan.Account{Country: a.Country, ExtensionLength: a.ExtensionLength}, known)
		if err != nil {
			return err
		}
		if len(wrong) > 0 {
			var errs []*huma.ErrorDetail
			for _, w := range wrong {
				errs = append(errs, field("csv", fmt.Sprintf("row %d: %s", w.Row, w.Reason)))
			}
			return invalid(errs...)
		}
		before, err := tx.ReadLocations(ctx, in.Location)
		if err != nil {
			return err
		}
		if err := tx.SetLocations(ctx, in.Location, rows); err != nil {
			return err
		}
		out.Body = LocationTable{CSV: in.Body.CSV, Rows: len(rows)}
		// A million rows do not belong in the audit log; how many there were does.
		return s.record(ctx, tx, in.id(), actionUpdate, "location table", in.Location, tableSize{len(before)}, tableSize{len(rows)})
	})
	return out, err
}

type tableSize struct {
	Rows int `json:"rows"`
}
