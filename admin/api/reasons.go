package api

import (
	_ "embed" // the catalogue
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/text/language"
)

var (
	//go:embed reasons.txt
	reasonsText string
	//go:embed words.txt
	wordsText string
)

// reason is a sentence with places for values.
type reason struct {
	code    string // empty: of a word
	match   *regexp.Regexp
	literal int // characters that are no values
	dutch   string
}

// reasons give what was refused a code and say it in the language of who asked.
type reasons struct {
	all       []reason // the longest first
	languages language.Matcher
}

func newReasons() *reasons {
	all := append(readReasons(reasonsText, 3), readReasons(wordsText, 2)...)
	slices.SortStableFunc(all, func(a, b reason) int { return b.literal - a.literal })
	return &reasons{all: all, languages: language.NewMatcher([]language.Tag{language.English, language.Dutch})}
}

// readReasons reads lines of columns, of which the last two are English and Dutch.
func readReasons(text string, columns int) (out []reason) {
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.TrimRight(line, "\n"), " | ")
		if strings.HasPrefix(line, "#") || len(cells) != columns {
			continue
		}
		english := cells[columns-2]
		pattern := "(?s)^" + strings.ReplaceAll(regexp.QuoteMeta(english), `\{\}`, "(.*)") + "$"
		r := reason{match: regexp.MustCompile(pattern), literal: len(strings.ReplaceAll(english, "{}", "")), dutch: cells[columns-1]}
		if columns == 3 {
			r.code = cells[0]
		}
		out = append(out, r)
	}
	return out
}

// find gives the reason that a text is, and the values in it.
func (rs *reasons) find(text string) (*reason, []string) {
	for i := range rs.all {
		if m := rs.all[i].match.FindStringSubmatch(text); m != nil {
			return &rs.all[i], m[1:]
		}
	}
	return nil, nil
}

// dutch says a text in Dutch as far as the catalogue knows it.
func (rs *reasons) dutch(text string) string {
	r, values := rs.find(text)
	if r == nil {
		return text
	}
	out := r.dutch
	for _, v := range values {
		out = strings.Replace(out, "{}", rs.value(v), 1)
	}
	return out
}

// value is a value within a reason: words that are known, several of them, or a reason itself.
func (rs *reasons) value(v string) string {
	if r, _ := rs.find(v); r != nil || !strings.Contains(v, ", ") {
		return rs.dutch(v)
	}
	parts := strings.Split(v, ", ")
	for i, p := range parts {
		parts[i] = rs.dutch(p)
	}
	return strings.Join(parts, ", ")
}

// speaks tells whether somebody with this Accept-Language is answered in Dutch.
func (rs *reasons) speaks(accept string) bool {
	tags, _, err := language.ParseAcceptLanguage(accept)
	if err != nil {
		return false
	}
	_, i, _ := rs.languages.Match(tags...)
	return i == 1
}

// Problem is an error document with codes.
type Problem struct {
	huma.ErrorModel
	Code   string          `json:"code,omitempty"`
	Errors []ProblemDetail `json:"errors,omitempty"`
}

// ProblemDetail is what is wrong at one place.
type ProblemDetail struct {
	huma.ErrorDetail
	Code string `json:"code,omitempty"`
}

const codeDoc = "Names the reason for programs; texts are in the language of Accept-Language, English or Dutch, and may change."

// document describes the codes in the API's document.
func (rs *reasons) document(o *huma.OpenAPI) {
	for _, name := range []string{"ErrorModel", "ErrorDetail"} {
		if s := o.Components.Schemas.Map()[name]; s != nil {
			s.Properties["code"] = &huma.Schema{Type: huma.TypeString, Description: codeDoc, Examples: []any{"required"}}
		}
	}
}

// problem is e with codes, in the language of accept.
func (rs *reasons) problem(e *huma.ErrorModel, accept string) *Problem {
	out := &Problem{ErrorModel: *e}
	dutch := rs.speaks(accept)
	say := func(text string) (code, said string) {
		if r, _ := rs.find(text); r != nil {
			code = r.code
		}
		if dutch {
			text = rs.dutch(text)
		}
		return code, text
	}
	out.Code, out.Detail = say(e.Detail)
	_, out.Title = say(e.Title)
	out.ErrorModel.Errors = nil
	for _, d := range e.Errors {
		x := ProblemDetail{ErrorDetail: *d}
		x.Code, x.Message = say(d.Message)
		out.Errors = append(out.Errors, x)
	}
	return out
}

// writeProblem answers outside of an operation.
func (rs *reasons) writeProblem(w http.ResponseWriter, r *http.Request, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(rs.problem(problem(status, detail), r.Header.Get("Accept-Language"))) // the client went away
}
