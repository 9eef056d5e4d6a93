package orders

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// Micros is an amount of money in millionths of its currency: call tariffs are finer than cents.
type Micros int64

// MaxPrice bounds what one price can be, so that no sum of a month overflows.
const MaxPrice Micros = 1_000_000_000_000 // a million

// String is the amount as a decimal number with at least two places: 12.50, 0.0375, -3.00.
func (m Micros) String() string {
	sign, n := "", uint64(m)
	if m < 0 {
		sign, n = "-", -n
	}
	frac := strings.TrimRight(fmt.Sprintf("%06d", n%1_000_000), "0")
	for len(frac) < 2 {
		frac += "0"
	}
	return sign + strconv.FormatUint(n/1_000_000, 10) + "." + frac
}

// ParseMicros reads a decimal number that is not negative, with up to six places.
func ParseMicros(s string) (Micros, error) {
	whole, frac, _ := strings.Cut(s, ".")
	if whole == "" || len(whole) > 7 || len(frac) > 6 || strings.Trim(whole+frac, "0123456789") != "" || strings.HasSuffix(s, ".") {
		return 0, fmt.Errorf("%q is not an amount such as 12.50", s)
	}
	n, err := strconv.ParseInt(whole+frac+strings.Repeat("0", 6-len(frac)), 10, 64)
	if err != nil || Micros(n) > MaxPrice {
		return 0, fmt.Errorf("%q is more than a price can be", s)
	}
	return Micros(n), nil
}

// share is m × n ÷ of, rounded to the nearest millionth, half away from zero.
func share(m Micros, n, of int64) Micros {
	p := new(big.Int).Mul(big.NewInt(2*int64(m)), big.NewInt(n))
	if half := big.NewInt(of); m >= 0 {
		p.Add(p, half)
	} else {
		p.Sub(p, half)
	}
	return Micros(p.Quo(p, big.NewInt(2*of)).Int64())
}

// Sum is an amount in one currency.
type Sum struct {
	Currency string
	Amount   Micros
}

// Sums adds amounts up by currency, in the order in which currencies come first.
type Sums []Sum

// Add adds an amount.
func (s *Sums) Add(currency string, m Micros) {
	for i := range *s {
		if (*s)[i].Currency == currency {
			(*s)[i].Amount += m
			return
		}
	}
	*s = append(*s, Sum{currency, m})
}
