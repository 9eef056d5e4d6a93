package conformance

import "testing"

// What a key does depends on what the document has.
func TestKeyOf(t *testing.T) {
	const head = `<?xml version="1.0"?><dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="1" state="full" entity="sip:101@x">`
	for _, c := range []struct{ dialog, number, replaces string }{
		{`<dialog id="101"><state>early</state></dialog>`, "*8101", ""},
		{`<dialog id="a" direction="recipient"><state>early</state><local><target uri="sip:101@x"/></local><remote><target uri="sip:**101@x"/></remote></dialog>`, "**101", ""},
		{`<dialog id="a" call-id="c" local-tag="l" remote-tag="r"><state>early</state></dialog>`, "101", "c;to-tag=l;from-tag=r;early-only"},
		{`<dialog id="a" call-id="c"><state>early</state></dialog>`, "*8101", ""},
		{`<dialog id="a"><state>confirmed</state></dialog>`, "", ""},
	} {
		number, how, err := keyOf(head+c.dialog+`</dialog-info>`, "101")
		if number != c.number || how.Headers["Replaces"] != c.replaces || (err != nil) != (c.number == "") {
			t.Errorf("%s: %q %v %v", c.dialog, number, how, err)
		}
	}
}
