package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// table is printed with its columns aligned, as Markdown.
type table struct {
	title string
	rows  [][]string
}

func newTable(title string, head ...string) *table { return &table{title, [][]string{head}} }

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) print() {
	fmt.Printf("\n%s\n\n", t.title)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	for i, r := range t.rows {
		fmt.Fprintln(w, "| "+strings.Join(r, "\t| ")+"\t|")
		if i == 0 {
			fmt.Fprintln(w, strings.Repeat("|---\t", len(r))+"|")
		}
	}
	_ = w.Flush() // to standard output
}

// sample is a set of durations.
type sample []time.Duration

// at gives the p-th percentile (0 to 100), 0 of an empty sample. The sample must be sorted.
func (s sample) at(p float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	return s[min(int(p/100*float64(len(s))), len(s)-1)]
}

func (s sample) sort() sample {
	slices.Sort(s)
	return s
}

// ms prints a duration in milliseconds with the digits that matter.
func ms(d time.Duration) string {
	v := float64(d) / 1e6
	switch {
	case d == 0:
		return "-"
	case v < 1:
		return fmt.Sprintf("%.3f", v)
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.0f", v)
}
