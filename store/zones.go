package store

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// zones keeps every time zone once: thousands of accounts share a handful.
type zones struct {
	known sync.Map // name → *time.Location
}

func (z *zones) load(name string) (*time.Location, error) {
	if v, ok := z.known.Load(name); ok {
		return v.(*time.Location), nil
	}
	if name == "" || name == "Local" {
		// Go takes these for UTC and for the zone of the machine.
		return nil, errors.New("no time zone named")
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("unknown time zone %q: %w", name, err)
	}
	v, _ := z.known.LoadOrStore(name, loc)
	return v.(*time.Location), nil
}
