// Command features reads the output of `go test -json` and tells what it proved.
//
//	go test -json ./... | features run      follows a run: prints failures as they come, ends with
//	                                        what tests log as "figure: …", what failed and why, engines
//	                                        that were absent and one line "N passed, N failed, N skipped";
//	                                        keeps the results in -o
//	features table                          prints one line for each behaviour of the product from the kept
//	                                        results: pass, fail, absent (engine not installed), none (no test)
//
// A test proves the behaviours whose IDs stand in its name (EXT-IVR-02, or EXT_IVR_02 in the
// name of a function), on the engine that is one of the parts of its name (sim, asterisk, freeswitch).
package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

//go:embed rows.txt
var rowsText string

// engines in the order of the table.
func engines() []string { return []string{"sim", "asterisk", "freeswitch"} }

func main() {
	out := flag.String("o", "features.out", "file that keeps the results of the last run")
	flag.Parse()
	var err error
	switch flag.Arg(0) {
	case "run":
		var ok bool
		ok, err = run(os.Stdin, os.Stdout, *out)
		if err == nil && !ok {
			os.Exit(1)
		}
	case "table":
		err = table(os.Stdout, *out)
	default:
		err = errors.New("usage: features [-o FILE] run|table")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "features:", err)
		os.Exit(2)
	}
}

// event is a line of go test -json (cmd/test2json).
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
	Elapsed float64
}

// run follows a test run; ok tells that nothing failed.
func run(in io.Reader, w io.Writer, keep string) (ok bool, err error) {
	f, err := os.Create(keep)
	if err != nil {
		return false, fmt.Errorf("keep the results: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	counts := map[string]int{}
	output := map[string]*strings.Builder{}
	var absent, figures, skipped, why []string
	broken := 0
	sc := bufio.NewScanner(in)
	sc.Buffer(make([]byte, 64<<10), 16<<20)
	for sc.Scan() {
		var e event
		if json.Unmarshal(sc.Bytes(), &e) != nil {
			fmt.Fprintln(w, sc.Text())
			continue
		}
		key := e.Package + " " + e.Test
		switch e.Action {
		case "output", "build-output":
			if output[key] == nil {
				output[key] = &strings.Builder{}
			}
			output[key].WriteString(e.Output)
			if line := strings.TrimSpace(e.Output); strings.Contains(line, "ENGINE ABSENT") {
				absent = append(absent, line[strings.Index(line, "ENGINE ABSENT"):])
			} else if _, figure, ok := strings.Cut(line, "figure: "); ok {
				figures = append(figures, figure)
			}
			if e.Test == "" && e.Action == "build-output" {
				fmt.Fprint(w, e.Output)
			}
		case "pass", "fail", "skip":
			if e.Test != "" {
				counts[e.Action]++
				if _, err := fmt.Fprintf(f, "%s %.2f %s %s\n", e.Action, e.Elapsed, e.Package, e.Test); err != nil {
					return false, fmt.Errorf("keep the results: %w", err)
				}
			}
			text := ""
			if b := output[key]; b != nil {
				text = b.String()
			}
			if e.Action == "skip" && strings.Contains(text, "ENGINE ABSENT") {
				if _, err := fmt.Fprintf(f, "absent 0 %s %s\n", e.Package, e.Test); err != nil {
					return false, fmt.Errorf("keep the results: %w", err)
				}
			}
			switch {
			case e.Action == "fail" && e.Test == "":
				fmt.Fprintf(w, "FAIL %s (%.1fs)\n%s", e.Package, e.Elapsed, text)
				broken++
			case e.Action == "fail":
				fmt.Fprintf(w, "--- FAIL %s %s\n%s", e.Package, e.Test, text)
				if r := reason(text); r != "" {
					why = append(why, fmt.Sprintf("failed: %s %s: %s", strings.TrimPrefix(e.Package, "callplane/"), e.Test, r))
				}
			case e.Action == "skip" && e.Test != "":
				skipped = append(skipped, e.Package+" "+e.Test)
			case e.Test == "" && e.Action == "pass":
				fmt.Fprintf(w, "ok   %s (%.1fs)\n", e.Package, e.Elapsed)
			}
			delete(output, key)
		case "build-fail":
			broken++
		}
	}
	if err := sc.Err(); err != nil {
		return false, fmt.Errorf("read the test run: %w", err)
	}
	slices.Sort(figures)
	for _, f := range slices.Compact(figures) { // two engines may measure the same
		fmt.Fprintln(w, f)
	}
	for _, s := range skipped {
		fmt.Fprintln(w, "skipped:", s)
	}
	for _, s := range why {
		fmt.Fprintln(w, s)
	}
	slices.Sort(absent)
	for _, a := range slices.Compact(absent) {
		fmt.Fprintln(w, a)
	}
	failed := counts["fail"]
	if failed == 0 && broken > 0 {
		failed = broken // a package that does not build or panics fails without a test
	}
	fmt.Fprintf(w, "%d passed, %d failed, %d skipped\n", counts["pass"], failed, counts["skip"])
	return failed == 0 && counts["pass"] > 0, nil
}

// said is a line with which a test complains: a file of Go, a line, a text.
var said = regexp.MustCompile(`^\s+\S+\.go:\d+: `)

// reason is the first complaint in a test's output, shortened; empty: there is none, as for a test whose subtest failed.
func reason(output string) string {
	for line := range strings.Lines(output) {
		if said.MatchString(line) {
			return fmt.Sprintf("%.400s", strings.TrimSpace(line))
		}
	}
	return ""
}

// result of a behaviour on an engine; the greater one counts.
type result int

const (
	none result = iota
	absent
	pass
	fail
)

func (r result) String() string { return [...]string{"none", "absent", "pass", "fail"}[r] }

func table(w io.Writer, keep string) error {
	f, err := os.Open(keep)
	if err != nil {
		return fmt.Errorf("no results of a run (make test): %w", err)
	}
	defer func() { _ = f.Close() }()
	rows := map[string]string{}
	var order []string
	for line := range strings.Lines(rowsText) {
		id, kind, ok := strings.Cut(strings.TrimSpace(line), " ")
		if ok && !strings.HasPrefix(line, "#") {
			rows[id] = kind
			order = append(order, id)
		}
	}
	got := map[string]result{} // "ID engine"
	missing := map[string]bool{}
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		word := strings.SplitN(sc.Text(), " ", 4) // result, seconds, package, test
		if len(word) != 4 {
			continue
		}
		test := word[3]
		engine := engineOf(test)
		if word[0] == "absent" {
			missing[engine] = true
			continue
		}
		for _, id := range idsOf(test, rows) {
			key := id + " " + engine
			got[key] = max(got[key], map[string]result{"pass": pass, "fail": fail, "skip": absent}[word[0]])
		}
	}
	if err := sc.Err(); err != nil {
		return fmt.Errorf("read the results: %w", err)
	}
	for _, id := range order {
		onAny := got[id+" any"]
		if rows[id] == "any" {
			for _, e := range engines() {
				onAny = max(onAny, got[id+" "+e])
			}
			fmt.Fprintf(w, "%s any=%s\n", id, onAny)
			continue
		}
		fmt.Fprint(w, id)
		for _, e := range engines() {
			r := got[id+" "+e]
			if r == none && missing[e] && got[id+" sim"] != none {
				r = absent // there is a test, but no engine for it
			}
			fmt.Fprintf(w, " %s=%s", e, r)
		}
		fmt.Fprintln(w)
	}
	return nil
}

func engineOf(test string) string {
	for part := range strings.SplitSeq(test, "/") {
		if slices.Contains(engines(), part) {
			return part
		}
	}
	return "any"
}

// idsOf are the behaviours that a test's name names.
func idsOf(test string, rows map[string]string) []string {
	var out []string
	words := strings.FieldsFunc(strings.ReplaceAll(test, "Test", "/"), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i := 0; i < len(words); i++ {
		// The longest beginning that is an ID: EXT-USR-04-RINGS is EXT-USR-04.
		for n := min(idWords, len(words)-i); n > 1; n-- {
			id := strings.Join(words[i:i+n], "-")
			if rows[id] == "" {
				continue
			}
			if !slices.Contains(out, id) {
				out = append(out, id)
			}
			i += n - 1
			break
		}
	}
	return out
}

// idWords is how many parts an ID has at most: EXT-VM-01.
const idWords = 3
