// Package feature is what people do with a call while it goes on.
package feature

import (
	"strconv"

	"callplane/controller/call"
)

// Parked is how parking ended.
type Parked struct {
	// Line on which the call waited; 0: all lines were taken, nothing has changed.
	Line int
	// By is who retrieved it; nil: nobody in time.
	By *call.Leg
}

// Park takes other out of its conversation with by, who hears on which line it waits and is hung up then, and lets it hear
// music until somebody retrieves it (call.Give) or the account's time is over (FEA-PARK-01). The call is other's from
// then on; the error is its hang-up.
func Park(c *call.Call, by, other *call.Leg) (Parked, error) {
	line := c.Live().Park(c, by.Extension)
	if line == 0 {
		c.Trace("park", "all lines are taken")
		return Parked{}, nil
	}
	defer c.Live().Unpark(c)
	c.Trace("park", by.String()+" parks "+other.String()+" on line "+strconv.Itoa(line))
	_ = c.Unbridge(c.Context()) // it fails when by has gone, and that is as good
	c.Become(other)
	ctx := c.Context()
	if err := c.StartMusic(ctx); err != nil {
		return Parked{Line: line}, err
	}
	language := c.Account.Language
	if u := c.Account.User(by.Extension); u != nil && u.Language != "" {
		language = u.Language
	}
	c.Tell(ctx, by, append(c.Prompt("park.line", language), c.Prompt("number."+strconv.Itoa(line), language)...))
	joined, err := c.Await(ctx, c.Account.ParkTime(), by)
	return Parked{Line: line, By: joined}, err
}
