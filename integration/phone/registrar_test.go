package phone

import (
	"testing"
)

func TestCarrierTakesRegistrations(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	carrier := newPhone(t, Config{User: "carrier", Domain: "carrier.example", Accounts: map[string]string{"trunk": "right"}})
	good := newPhone(t, Config{User: "trunk", Password: "right", Registrar: carrier.Addr()})
	bad := newPhone(t, Config{User: "trunk", Password: "wrong", Registrar: carrier.Addr()})
	if bad.Register(ctx) == nil {
		t.Error("a wrong password was accepted")
	}
	must(t, good.Register(ctx))
	b, err := carrier.WaitBinding(ctx, "trunk")
	must(t, err)
	call, err := carrier.Dial(ctx, b.Contact, DialOptions{})
	must(t, err)
	in, err := good.WaitIncoming(ctx)
	must(t, err)
	must(t, in.Answer(ctx))
	must(t, call.WaitAnswered(ctx))
	must(t, call.Hangup(ctx))
	must(t, good.Unregister(ctx))
}
