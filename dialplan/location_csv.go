package dialplan

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// LocationRow is a row of a location table as it is edited: its key is an area code without
// trunk prefix, a postcode or a range of them (1000-1099), or the begin of a number with +.
type LocationRow struct {
	Key         string
	Destination Destination
	Prefix      string
}

// RowError is what is wrong with a row of a table.
type RowError struct {
	Row    int // line of the file, from 1
	Reason string
}

// Limits of a table.
const (
	MaxLocationRows = 1_000_000
	maxRowErrors    = 100
)

// ParseLocationKey reads a key as people of the country write it.
func ParseLocationKey(by LocationBy, raw string, country Country) (string, error) {
	s := strings.TrimSpace(raw)
	switch by {
	case ByPostcode:
		first, last, ok := strings.Cut(s, "-")
		first, last = strings.TrimSpace(first), strings.TrimSpace(last)
		if !ok {
			last = first
		}
		if len(first) != PostcodeDigits || len(last) != PostcodeDigits || !allDigits(first) || !allDigits(last) {
			return "", errors.New("is not a postcode of 4 digits or a range of them such as 1000-1099")
		}
		if last < first {
			return "", errors.New("range ends before it begins")
		}
		if !ok || first == last {
			return first, nil
		}
		return first + "-" + last, nil
	case ByAreaCode:
		code := strings.TrimLeft(s, "0")
		if !allDigits(code) || len(code) > 6 {
			return "", errors.New("is not an area code")
		}
		return code, nil
	}
	return ParseNumberPrefix(s, country)
}

// ParseNumberPrefix reads a number, or the begin of one, as people of the country write it:
// +31 20, 0031 20 and 020 are the same. The result is E.164 with +.
func ParseNumberPrefix(s string, country Country) (string, error) {
	n, err := country.numbering()
	if err != nil {
		return "", err
	}
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -./()", r) {
			return -1
		}
		return r
	}, strings.TrimSpace(s))
	switch {
	case strings.HasPrefix(digits, "+"):
		digits = digits[1:]
	case strings.HasPrefix(digits, "00"):
		digits = digits[2:]
	case n.trunk == "":
		digits = n.Prefix + digits
	case strings.HasPrefix(digits, n.trunk):
		digits = n.Prefix + digits[len(n.trunk):]
	default:
		return "", errors.New("must begin with + or " + n.trunk)
	}
	if !allDigits(digits) || len(digits) > maxKey || digits[0] == '0' {
		return "", errors.New("is not a number or the begin of one")
	}
	return "+" + digits, nil
}

// Keys of a row in a LocationTable: key is as ParseLocationKey gives it.
func Keys(by LocationBy, key string) []string {
	first, last, ok := strings.Cut(key, "-")
	if by != ByPostcode || !ok {
		return []string{strings.TrimPrefix(key, "+")}
	}
	var out []string
	for k := []byte(first); ; {
		out = append(out, string(k))
		if string(k) >= last {
			return out
		}
		for i := len(k) - 1; i >= 0; i-- { // count on
			if k[i]++; k[i] <= '9' {
				break
			}
			k[i] = '0'
		}
	}
}

// locationHeader is the first line of a file.
var locationHeader = [3]string{"key", "destination", "prefix"}

// ReadLocations reads a whole table as CSV (RFC 4180; separated by comma or semicolon) with the columns key,
// destination and prefix, and finds every wrong row: keys that are none or overlap, destinations
// that are none or, for extensions, that known does not know. With any error there are no rows.
func ReadLocations(raw []byte, by LocationBy, a *Account, known func(extension string) bool) ([]LocationRow, []RowError) {
	var wrong []RowError
	fail := func(row int, format string, args ...any) {
		if len(wrong) < maxRowErrors {
			wrong = append(wrong, RowError{row, fmt.Sprintf(format, args...)})
		}
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	r := csv.NewReader(bytes.NewReader(raw))
	r.ReuseRecord, r.FieldsPerRecord = true, -1
	head, _, _ := bytes.Cut(raw, []byte("\n"))
	if bytes.Contains(head, []byte(";")) && !bytes.Contains(head, []byte(",")) {
		r.Comma = ';'
	}
	var rows []LocationRow
	owner := make(map[string]int)
	for first := true; len(wrong) < maxRowErrors; first = false {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			fail(bad.Line, "%v", bad.Err)
			break // where the next row begins is not known any more
		}
		line, _ := r.FieldPos(0)
		if first {
			if len(record) < 2 || len(record) > 3 || !slices.Equal(trimmed(record), locationHeader[:len(record)]) {
				fail(line, "the first row must be key,destination,prefix")
				break
			}
			continue
		}
		if len(rows) == MaxLocationRows {
			fail(line, "there are more than %d rows", MaxLocationRows)
			break
		}
		if row, ok := readLocation(record, by, a, known, func(why string) { fail(line, "%s", why) }); ok {
			for _, k := range Keys(by, row.Key) {
				if other := owner[k]; other != 0 {
					fail(line, "key %s is in row %d, too", k, other)
					break
				}
				owner[k] = line
			}
			rows = append(rows, row)
		}
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return rows, nil
}

func trimmed(record []string) []string {
	out := make([]string, len(record))
	for i, f := range record {
		out[i] = strings.ToLower(strings.TrimSpace(f))
	}
	return out
}

func readLocation(record []string, by LocationBy, a *Account, known func(string) bool, fail func(string)) (LocationRow, bool) {
	if len(record) < 2 || len(record) > 3 {
		fail(fmt.Sprintf("has %d columns, not key, destination and prefix", len(record)))
		return LocationRow{}, false
	}
	ok := true
	key, err := ParseLocationKey(by, record[0], a.Country)
	if err != nil {
		fail(fmt.Sprintf("key %q %v", clipped(record[0]), err))
		ok = false
	}
	to := strings.TrimSpace(record[1])
	row := LocationRow{Key: strings.Clone(key), Destination: a.ParseDestination(strings.Clone(to))}
	rest := strings.TrimPrefix(to, "+")
	switch {
	case rest == "" || len(to) > 32 || strings.Trim(rest, "0123456789*#") != "":
		fail(fmt.Sprintf("destination %q is neither an extension nor an external number", clipped(to)))
		ok = false
	case row.Destination.Extension != "" && !known(row.Destination.Extension):
		fail("extension " + row.Destination.Extension + " does not exist")
		ok = false
	}
	if len(record) == 3 {
		row.Prefix = strings.Clone(strings.TrimSpace(record[2]))
		if len(row.Prefix) > 40 || strings.ContainsFunc(row.Prefix, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\ufffd' }) {
			fail("prefix is longer than 40 characters or has characters that can't be shown")
			ok = false
		}
	}
	return row, ok
}

// clipped keeps a hostile file out of error messages.
func clipped(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// WriteLocations is the table as ReadLocations reads it.
func WriteLocations(w io.Writer, rows []LocationRow) error {
	out := csv.NewWriter(w)
	if err := out.Write(locationHeader[:]); err != nil {
		return fmt.Errorf("write location table: %w", err)
	}
	for _, r := range rows {
		if err := out.Write([]string{r.Key, r.Destination.String(), r.Prefix}); err != nil {
			return fmt.Errorf("write location table: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write location table: %w", err)
	}
	return nil
}

// TableOf makes a table of rows that ReadLocations has let through.
func TableOf(by LocationBy, rows []LocationRow) (*LocationTable, error) {
	t := NewLocationTable(len(rows))
	same := make(map[LocationTarget][]string)
	for _, r := range rows {
		to := LocationTarget{r.Destination, r.Prefix}
		same[to] = append(same[to], Keys(by, r.Key)...)
	}
	for to, keys := range same {
		if err := t.Add(to, keys...); err != nil {
			return nil, err
		}
	}
	return t, nil
}
