package dialplan

import "strings"

// JoinPrefix adds the prefix of the next step to those of the steps before, as shown on
// the callee's display: "Sales" then "Urgent" is "Sales Urgent".
func JoinPrefix(before, next string) string {
	return strings.TrimSpace(strings.TrimSpace(before) + " " + strings.TrimSpace(next))
}

// CallerDisplay is the name and number of a caller on a callee's display: the prefix,
// then the caller's name, else number. number is E.164 for callers from outside (shown as
// people of country c would dial it back), an extension for colleagues; empty when it is withheld.
func CallerDisplay(prefix, name, number string, c Country) (displayName, displayNumber string) {
	displayNumber = Format(number, FormatNational, c)
	if name == "" {
		name = displayNumber
	}
	if number == "" {
		displayNumber = "anonymous"
		if name == "" {
			name = "Anonymous"
		}
	}
	return plain(JoinPrefix(prefix, name)), displayNumber
}

// plain is a name without what would need escaping in a header: engines differ in how well
// they do that (RFC 3261 25.1, quoted-string).
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r == '\\' || r < ' ' || r == 0x7f:
			return -1
		}
		return r
	}, name)
}
