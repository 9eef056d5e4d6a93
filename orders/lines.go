package orders

import (
	"slices"
	"time"
)

// Side is who pays a line.
type Side string

// Sides: what is invoiced to the customer, and what the reseller buys.
const (
	Sales    Side = "sales"
	Purchase Side = "purchase"
)

// Line is what an order costs of one item from a day on.
type Line struct {
	ID       int64
	Side     Side
	Item     string // code; empty for a credit
	Name     string
	Currency string
	Price    Price // as of the day it was ordered; negative for a credit
	From     Date
	Until    Date // the first day that is not charged any more; none: it goes on
	Credit   bool
}

// LinesOf are the lines of what is selected, for both sides, from a day on.
func LinesOf(c Catalogue, s *Selection, from Date) (out []Line) {
	for _, side := range []Side{Sales, Purchase} {
		for _, code := range s.Codes() {
			i := c[code]
			if i == nil {
				continue
			}
			l := Line{Side: side, Item: i.Code, Name: i.Name, Currency: i.Currency, Price: i.Sales, From: from}
			if side == Purchase {
				l.Price = i.Purchase
			}
			out = append(out, l)
		}
	}
	return out
}

// ChangeLines turns the lines of an order into those of another selection from a day on: what is selected still goes on at its
// price, what is not any more ends, what is new begins. It gives the lines that have changed, and the new ones, which have no ID.
func ChangeLines(lines []Line, c Catalogue, s *Selection, on Date) (out []Line) {
	goes := map[Side]map[string]bool{Sales: {}, Purchase: {}}
	for _, l := range lines {
		if l.Credit || l.Until != "" && l.Until <= on {
			continue
		}
		if slices.Contains(s.Codes(), l.Item) {
			goes[l.Side][l.Item] = true
			continue
		}
		l.Until = max(on, l.From)
		out = append(out, l)
	}
	for _, l := range LinesOf(c, s, on) {
		if !goes[l.Side][l.Item] {
			out = append(out, l)
		}
	}
	return out
}

// EndLines ends every line on a day and gives those that have changed.
func EndLines(lines []Line, on Date) (out []Line) {
	for _, l := range lines {
		if !l.Credit && (l.Until == "" || l.Until > on) {
			l.Until = max(on, l.From)
			out = append(out, l)
		}
	}
	return out
}

// Billed is the line as it is invoiced when billing begins on a day; none: it does not. Credits always count.
func (l Line) Billed(from Date) (Line, bool) {
	if l.Credit || l.Side == Purchase {
		return l, true
	}
	if from == "" || l.Until != "" && l.Until <= from {
		return l, false
	}
	l.From = max(l.From, from)
	return l, true
}

// In is what the line costs in a month: its price of a month, in proportion to the days of it, and the price that is charged
// once in the month in which it begins. A line that ends on the day it begins costs nothing.
func (l Line) In(m Month) Micros {
	begin, end := m.Bounds()
	from, until := max(l.From, begin), end
	if l.Until != "" {
		until = min(l.Until, end)
	}
	if l.Credit {
		if l.From >= begin && l.From < end {
			return l.Price.Once
		}
		return 0
	}
	if from >= until {
		return 0
	}
	sum := share(l.Price.Monthly, int64(days(from, until)), int64(days(begin, end)))
	if l.From >= begin {
		sum += l.Price.Once
	}
	return sum
}

// Call is a call outside that somebody pays for.
type Call struct {
	At     time.Time
	Number string
	Talked time.Duration
}

// Usage is what calls cost by destination.
type Usage struct {
	Destination string // name of the tariff; empty: of numbers without one
	Calls       int
	Talked      time.Duration
	Cost        Micros
	Currency    string
}

// UsageOf adds up what calls cost, the dearest first.
func UsageOf(t *Tariffs, calls []Call) (out []Usage, total Sums) {
	by := map[string]*Usage{}
	for _, c := range calls {
		u, key := Usage{}, ""
		x := t.Of(c.Number)
		if x != nil {
			u, key = Usage{Destination: x.Name, Currency: x.Currency}, x.Name+"\x00"+x.Currency
		}
		have := by[key]
		if have == nil {
			have = &u
			by[key] = have
		}
		have.Calls++
		have.Talked += c.Talked
		if x != nil {
			cost := x.Cost(c.Talked)
			have.Cost += cost
			total.Add(x.Currency, cost)
		}
	}
	for _, u := range by {
		out = append(out, *u)
	}
	slices.SortFunc(out, func(a, b Usage) int {
		switch {
		case a.Cost != b.Cost:
			return int(max(-1, min(1, b.Cost-a.Cost)))
		case a.Destination < b.Destination:
			return -1
		case a.Destination > b.Destination:
			return 1
		}
		return 0
	})
	return out, total
}
