// Package phone is a SIP user agent with real audio: it registers, calls, answers, holds, transfers, sends and receives
// DTMF, and knows what it hears. Tests use it as the telephones and carriers around the service; the command in
// integration/cmd/phone puts it in the hands of people.
//
//	alice, err := phone.New(ctx, phone.Config{User: "101", Password: "…", Registrar: "127.0.0.1:5060"})
//	err = alice.Register(ctx)
//	call, err := alice.Dial(ctx, "200", phone.DialOptions{})
//	err = call.WaitAnswered(ctx)
//	err = call.Hears(ctx, 440)
//	err = call.Hangup(ctx)
//
// Messages are parsed and built with sipgo. Its transaction layer is not used: that hands each message to a goroutine of
// its own, so a 200 can overtake the 180 before it, and a CANCEL its INVITE. Here one reader per socket hands every
// message on in the order of arrival, and handlers never block.
package phone
