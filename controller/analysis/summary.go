package analysis

import (
	"context"
	"fmt"
	"strings"

	"callplane/store"
)

// Beginning is the summary for places without a language model: what was said first, up to firstBytes, and how much was said in all.
type Beginning struct{}

// firstBytes is how much of what was said first is in such a summary.
const firstBytes = 200

// Summarise implements Summariser.
func (Beginning) Summarise(_ context.Context, d store.DueAnalysis, said []store.Spoken, language string) (string, error) {
	words := 0
	for _, x := range said {
		words += len(strings.Fields(x.Text))
	}
	first := said[0].Text
	if i := strings.IndexAny(first, ".!?"); i >= 0 {
		first = first[:i+1]
	}
	if short := clip(first, firstBytes); short != first {
		first = strings.TrimSpace(short) + "…"
	} else if words > len(strings.Fields(first)) {
		first += " …"
	}
	form := "%s (%d:%02d, %d words)"
	switch language {
	case "nl":
		form = "%s (%d:%02d, %d woorden)"
	case "de":
		form = "%s (%d:%02d, %d Wörter)"
	case "es":
		form = "%s (%d:%02d, %d palabras)"
	case "lv":
		form = "%s (%d:%02d, %d vārdi)"
	}
	seconds := int(d.Duration.Seconds())
	return fmt.Sprintf(form, first, seconds/60, seconds%60, words), nil
}
