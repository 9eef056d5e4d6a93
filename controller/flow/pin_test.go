package flow_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"callplane/controller/call"
	"callplane/controller/engine/sim"
	"callplane/controller/flow"
	"callplane/dialplan"
)

// asked lets every call be asked for the PIN of extension (empty: of any); users 101 and 102 have one. It returns who entered
// theirs, call by call.
func (o *office) asked(extension string) <-chan string {
	known := make(chan string, 100)
	o.flow = func(ctx context.Context, c *call.Call) error {
		c.Assign(o.account)
		if err := c.Answer(ctx); err != nil {
			return err
		}
		who, err := flow.AskPIN(ctx, c, extension, func(e string) string {
			return map[string]string{"101": "2580", "102": "135790"}[e]
		})
		if err == nil {
			known <- who
		}
		if err != nil || who == "" {
			return err
		}
		return c.Play(ctx, c.Prompt("thank_you", "en"))
	}
	return known
}

// hears waits for a prompt.
func (o *office) hears(c *sim.Call, key string) {
	o.t.Helper()
	if err := c.WaitHears(o.ctx(), sim.Sound{File: o.prompt(key, "en")}); err != nil {
		o.t.Fatalf("prompt %s: %v", key, err)
	}
}

func (o *office) press(c *sim.Call, digits string) {
	o.t.Helper()
	o.must(c.SendDTMF(o.ctx(), digits))
}

func TestAskPIN(t *testing.T) {
	for keys, want := range map[string]string{
		"1012580":                     "101", // taken at once
		"101#2580#":                   "101", // # may end both
		"102135790#":                  "102",
		"1011111#1021357#1019999#":    "", // three tries
		"1011111#5551111#1012580#":    "101",
		"1#12#101#2580#":              "101", // no extension at all is asked again
		"10113579#102135790#":         "102", // another's PIN
		"101*#1012580##":              "101",
		"1019999999999101#2580":       "101", // longer than any PIN
		"101000010100001010000":       "",
		"5550000#5551234#5552580#101": "",
	} {
		t.Run(keys, func(t *testing.T) {
			inOffice(t, nil, func(o *office) {
				known := o.asked("")
				a := o.outside("+31201234567")
				o.hears(a, "pin.extension")
				o.press(a, keys)
				select {
				case who := <-known:
					if who != want {
						t.Errorf("known as %q, want %q", who, want)
					}
				case <-time.After(time.Minute):
					t.Error("no answer in a minute")
				}
				o.over(a)
			})
		})
	}
}

func TestAskPINSaysWhatIsWrong(t *testing.T) {
	inOffice(t, nil, func(o *office) {
		known := o.asked("101")
		a := o.outside("+31201234567")
		o.hears(a, "pin.enter")
		o.press(a, "1#")
		o.hears(a, "pin.wrong")
		o.hears(a, "pin.enter")
		o.hears(a, "entry.invalid") // nothing was entered
		o.press(a, "2#")
		o.hears(a, "pin.wrong")
		o.hears(a, "goodbye")
		o.over(a)
		if who := <-known; who != "" {
			t.Errorf("known as %s", who)
		}
	})
}

// Ten wrong PINs, over calls, lock an extension, one that does not exist too, and no other one; the lock ends.
func TestPINsAreNotGuessed(t *testing.T) {
	for _, extension := range []string{"101", "555"} {
		t.Run(extension, func(t *testing.T) {
			inOffice(t, nil, func(o *office) {
				known := o.asked("")
				for n := 0; n < dialplan.PINWrong; {
					a := o.outside("+31201234567")
					for try := 0; try < dialplan.PINTries && n < dialplan.PINWrong; try++ {
						o.hears(a, "pin.extension")
						o.press(a, fmt.Sprintf("%s98%02d#", extension, n))
						if n++; n == dialplan.PINWrong {
							o.hears(a, "pin.locked")
						} else {
							o.hears(a, "pin.wrong")
						}
					}
					o.over(a)
					if who := <-known; who != "" {
						t.Fatalf("known as %s", who)
					}
				}
				a := o.outside("+31201234567")
				o.hears(a, "pin.extension")
				o.press(a, extension+"2580#")
				o.hears(a, "pin.locked")
				o.over(a)
				<-known
				for i, keys := range []string{"102135790#", "1012580#"} {
					time.Sleep(time.Duration(i) * dialplan.PINLock)
					b := o.outside("+31201234567")
					o.hears(b, "pin.extension")
					o.press(b, keys)
					o.over(b)
					if who := <-known; who == "" {
						t.Errorf("%s is not known", keys)
					}
				}
			})
		})
	}
}
