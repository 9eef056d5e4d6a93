package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
)

// said are the sentences that a package's source gives as reasons, with {} for values.
func said(t *testing.T, dir string) (out []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(dir), "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v", dir, err)
	}
	add := func(e ast.Expr) {
		if s := values.Replace(sentence(e)); strings.Trim(s, "{}: ") != "" {
			out = append(out, s)
		}
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.CallExpr:
				if at, ok := sayers[callee(x)]; ok && at < len(x.Args) {
					add(x.Args[at])
				}
				if dir == "dialplan" && callee(x) == "fail" {
					add(x.Args[min(1, len(x.Args)-1)])
				}
			case *ast.KeyValueExpr:
				if k, ok := x.Key.(*ast.Ident); ok && filepath.Base(filepath.Dir(name)) != "dialplan" && (k.Name == "Reason" || k.Name == "Message") {
					add(x.Value)
				} else if ok && k.Name == "Refused" {
					add(x.Value)
				}
			case *ast.CompositeLit:
				if at, ok := refusals[typeName(x.Type)]; ok && at < len(x.Elts) {
					add(x.Elts[at])
				}
				if list, ok := x.Type.(*ast.ArrayType); ok && typeName(list.Elt) == "Wrong" {
					for _, e := range x.Elts {
						if w, ok := e.(*ast.CompositeLit); ok && len(w.Elts) == 2 {
							add(w.Elts[1])
						}
					}
				}
			case *ast.FuncDecl:
				if checks[x.Name.Name] {
					ast.Inspect(x, func(n ast.Node) bool {
						if r, ok := n.(*ast.ReturnStmt); ok {
							add(r.Results[len(r.Results)-1])
						}
						return true
					})
				}
			}
			return true
		})
	}
	return out
}

// values are the places of values in formats.
var values = strings.NewReplacer("%d", "{}", "%s", "{}", "%q", `"{}"`, "%v", "{}")

var (
	// sayers are functions with the place of the sentence among their arguments.
	sayers = map[string]int{"field": 1, "problem": 1, "writeProblem": 3, "refuse": 2}
	// refusals are errors with a field and a reason.
	refusals = map[string]int{"Wrong": 1, "RequestError": 1, "BadAudio": 0}
	// checks are functions that give a reason as their last result.
	checks = map[string]bool{"CheckStart": true, "CheckChange": true, "CheckTermination": true, "CheckPassword": true, "CheckEmergency": true, "UnsafePIN": true,
		"NewPIN": true, "CheckVoicemailPIN": true, "publicKey": true, "permit": true, "identify": true, "ParseLocationKey": true, "ParseNumberPrefix": true}
)

func callee(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

func typeName(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	}
	return ""
}

// sentence is what an expression says, {} for what is known only when it is said.
func sentence(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.BasicLit:
		s, _ := strconv.Unquote(x.Value) // a number says nothing
		return s
	case *ast.BinaryExpr:
		return sentence(x.X) + sentence(x.Y)
	case *ast.ParenExpr:
		return sentence(x.X)
	case *ast.CallExpr:
		if f := callee(x); (f == "Sprintf" || f == "Errorf" || f == "New") && len(x.Args) > 0 {
			return values.Replace(sentence(x.Args[0]))
		}
	}
	return "{}"
}

func TestEveryReasonHasACodeAndIsSaidInDutch(t *testing.T) {
	rs := newReasons()
	n := 0
	check := func(where, text string) {
		n++
		r, _ := rs.find(strings.ReplaceAll(text, "{}", "«x»"))
		if r == nil || r.code == "" {
			t.Errorf("%s says %q, which is not in reasons.txt", where, text)
		}
	}
	for _, dir := range []string{"admin/api", "admin/identity", "store", "orders", "dialplan", "media", "controller/simulate"} {
		for _, s := range said(t, dir) {
			check(dir, s)
		}
	}
	for _, s := range []string{validation.MsgUnexpectedProperty, validation.MsgExpectedRFC3339DateTime, validation.MsgExpectedRFC3339Date, validation.MsgExpectedRFC3986URI,
		validation.MsgExpectedRFC4122UUID, validation.MsgExpectedBoolean, validation.MsgExpectedNumber, validation.MsgExpectedInteger, validation.MsgExpectedString,
		validation.MsgExpectedArray, validation.MsgExpectedObject, validation.MsgExpectedArrayItemsUnique, validation.MsgExpectedOneOf, validation.MsgExpectedMinimumNumber,
		validation.MsgExpectedMaximumNumber, validation.MsgExpectedMinLength, validation.MsgExpectedMaxLength, validation.MsgExpectedBePattern, validation.MsgExpectedMinItems,
		validation.MsgExpectedMaxItems} {
		check("huma", values.Replace(s))
	}
	t.Logf("%d places, %d reasons and words", n, len(rs.all))
	codes := map[string]bool{}
	for _, r := range rs.all {
		if r.code != "" && codes[r.code] {
			t.Errorf("two reasons have the code %s", r.code)
		}
		codes[r.code] = true
		if strings.Count(r.dutch, "{}") != r.match.NumSubexp() {
			t.Errorf("%s: %q has another number of values", r.match, r.dutch)
		}
	}
}

// What a field must look like is said in words that stand in tags.
func TestWhatFieldsMustLookLikeIsSaidInDutch(t *testing.T) {
	rs := newReasons()
	_, api := build(Config{})
	n := 0
	var walk func(*huma.Schema)
	walk = func(x *huma.Schema) {
		if x == nil {
			return
		}
		if x.PatternDescription != "" {
			n++
			if r, _ := rs.find(x.PatternDescription); r == nil {
				t.Errorf("%q is not in words.txt", x.PatternDescription)
			}
		}
		walk(x.Items)
		for _, p := range x.Properties {
			walk(p)
		}
	}
	for _, x := range api.OpenAPI().Components.Schemas.Map() {
		walk(x)
	}
	for _, item := range api.OpenAPI().Paths {
		for _, o := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if o == nil {
				continue
			}
			for _, p := range o.Parameters {
				walk(p.Schema)
			}
		}
	}
	if n < 50 {
		t.Errorf("only %d patterns are described", n)
	}
}

func TestProblemsHaveCodesAndSpeakTheLanguageOfWhoAsks(t *testing.T) {
	rs := newReasons()
	for text, want := range map[string]string{
		"can't be done: in use by group 200, ivr 300":                             "kan niet: in gebruik door groep 200, keuzemenu 300",
		"in use by scheme Day, night, in which it is set active":                  "in gebruik door schema Day, night, waarin het actief is gezet",
		"expected string to be an amount such as 12.50":                           "moet dit zijn: een bedrag zoals 12.50",
		"row 3: extension 999 does not exist":                                     "rij 3: toestel 999 bestaat niet",
		`row 4: key "abc" is not an area code`:                                    `rij 4: sleutel "abc" is geen netnummer`,
		"price item x not found":                                                  "regel van de prijslijst x is niet gevonden",
		"user 101 is linked to channel desk":                                      "gebruiker 101 is gekoppeld aan kanaal desk",
		"a sentence that nobody says":                                             "a sentence that nobody says",
		"is unsafe: the digits are a series":                                      "is onveilig: de cijfers zijn een reeks",
		`number "12" is too short`:                                                `nummer "12" is te kort`,
		"4 plans of the scheme would go, with their entries, roster and holidays": "4 plannen van het schema zouden verdwijnen, met hun bestemmingen, rooster en feestdagen",
		"expected string to be 2 to 5 digits":                                     "moet dit zijn: 2 tot 5 cijfers",
	} {
		if got := rs.dutch(text); got != want {
			t.Errorf("%q is %q in Dutch, want %q", text, got, want)
		}
	}
	for accept, dutch := range map[string]bool{"": false, "nl": true, "nl-NL,nl;q=0.9,en;q=0.8": true, "en-GB,en;q=0.9,nl;q=0.8": false, "de": false, ";;": false} {
		if rs.speaks(accept) != dutch {
			t.Errorf("Accept-Language %q: %v", accept, !dutch)
		}
	}
	p := rs.problem(problem(422, "validation failed", field("name", "is required")), "nl")
	if p.Code != "invalid" || p.Detail != "er klopt iets niet" || p.Title != "Er klopt iets niet" || len(p.Errors) != 1 || p.Errors[0].Code != "required" || p.Errors[0].Message != "is verplicht" {
		t.Errorf("%+v", p)
	}
}
