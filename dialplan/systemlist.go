package dialplan

import "strconv"

// SystemNumber is what is dialled for a system function.
type SystemNumber struct {
	Number   string
	Function SystemFunction
}

// SystemNumbers are the system extensions of a country in the order of their numbers.
func SystemNumbers(c Country) []SystemNumber {
	var out []SystemNumber
	// Every one has three or four digits, and the table is asked instead of written a second time.
	for n := 100; n < 10000; n++ {
		if f := systemFunction(c, strconv.Itoa(n)); f != "" {
			out = append(out, SystemNumber{Number: strconv.Itoa(n), Function: f})
		}
	}
	return out
}
